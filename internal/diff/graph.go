package diff

import (
	"slices"
)

// components returns the strongly connected components of a graph, in which
// edges[i] are the nodes that i depends on, with each component after those
// that it depends on (Tarjan's algorithm). It is linear in nodes and edges.
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

// shortestCircle returns the nodes of a shortest circle that begins at start,
// which must lie on one.
func shortestCircle(edges [][]int, start int) []int {
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

// pathTo follows from back to start.
func pathTo(end, start int, from map[int]int) []int {
	path := []int{end}
	for end != start {
		end = from[end]
		path = append(path, end)
	}
	slices.Reverse(path)
	return path
}
