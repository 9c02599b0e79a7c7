package syncer

// PhaseEdges returns which phase may follow which, by the table of phases.
func PhaseEdges() (edges [][2]Phase) {
	for _, row := range phaseTable {
		for _, next := range row.next {
			edges = append(edges, [2]Phase{row.phase, next})
		}
	}
	return edges
}
