package plan

// Item returns the item with the id, or nil.
func (p *Plan) Item(id string) *Item {
	for i := range p.Items {
		if p.Items[i].ID == id {
			return &p.Items[i]
		}
	}
	return nil
}

// NoteError is a [Note] as an error.
type NoteError struct{ Note Note }

// Error returns the note's message.
func (e *NoteError) Error() string { return string(e.Note.Class) + ": " + e.Note.Message }
