package diff

import (
	"slices"
)

// components returns the strongly connected components of a graph (Tarjan's
// algorithm). edges[i] are the nodes that i depends on. Each component comes
// after the components that it depends on. The algorithm is linear in nodes and
// edges.
func components(edges [][]int) [][]int {
	const unseen = 0
	var (
		result [][]int
		stack  []int
		count  int
		seen   = make([]int, len(edges)) // the order of first visits, from 1
		low    = make([]int, len(edges)) // the first visited node known to be in the same component
		done   = make([]bool, len(edges))
		visit  func(i int)
	)
	visit = func(i int) {
		count++
		seen[i], low[i] = count, count
		stack = append(stack, i)
		for _, j := range edges[i] {
			if seen[j] == unseen {
				visit(j)
			}
			if !done[j] {
				low[i] = min(low[i], low[j])
			}
		}
		if low[i] != seen[i] {
			return
		}
		start := len(stack) - 1
		for stack[start] != i {
			start--
		}
		members := slices.Clone(stack[start:])
		stack = stack[:start]
		for _, j := range members {
			done[j] = true
		}
		result = append(result, members)
	}
	for i := range edges {
		if seen[i] == unseen {
			visit(i)
		}
	}
	return result
}

// shortestCycle returns the nodes of a shortest cycle through start, which must
// be on a cycle.
func shortestCycle(edges [][]int, start int) []int {
	from := map[int]int{}
	next := []int{start}
	for len(next) > 0 {
		i := next[0]
		next = next[1:]
		for _, j := range edges[i] {
			if j == start {
				return pathTo(i, start, from)
			}
			if _, seen := from[j]; !seen {
				from[j] = i
				next = append(next, j)
			}
		}
	}
	return nil
}

// pathTo returns the path from start to end. from has the predecessor of each
// node.
func pathTo(end, start int, from map[int]int) []int {
	path := []int{end}
	for end != start {
		end = from[end]
		path = append(path, end)
	}
	slices.Reverse(path)
	return path
}
