package state

// Damage changes a stored blob, so that the kit can check that Get notices.
func (m *Memory) Damage(ref BlobRef) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[ref.Name()].Value.(*blob).data = []byte("damaged")
}
