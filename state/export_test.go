package state

// Damage changes a stored blob behind the back of Get, for the kit.
func (m *Memory) Damage(ref BlobRef) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[ref.Name()].Value.(*blob).data = []byte("damaged")
}
