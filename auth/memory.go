package auth

import (
	"bytes"
	"context"
	"sync"
)

// MemoryCacheStore is a [CacheStore] in memory: everybody has to sign in again
// when the process ends. The zero value is ready to use.
type MemoryCacheStore struct {
	mu     sync.Mutex
	caches map[CacheKey]Cache
}

var _ CacheStore = (*MemoryCacheStore)(nil)

// Load returns a copy of what is stored under the key, or ErrNoCache.
func (m *MemoryCacheStore) Load(ctx context.Context, key CacheKey) (Cache, error) {
	if err := ctx.Err(); err != nil {
		return Cache{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.caches[key]
	if !ok {
		return Cache{}, ErrNoCache
	}
	return Cache{Sealed: bytes.Clone(c.Sealed), Version: c.Version}, nil
}

// Save stores a copy if the version is the stored one, else ErrStaleCache.
func (m *MemoryCacheStore) Save(ctx context.Context, key CacheKey, cache Cache) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.caches[key].Version != cache.Version {
		return 0, ErrStaleCache
	}
	if m.caches == nil {
		m.caches = make(map[CacheKey]Cache)
	}
	m.caches[key] = Cache{Sealed: bytes.Clone(cache.Sealed), Version: cache.Version + 1}
	return cache.Version + 1, nil
}

// Delete removes what is stored under the key.
func (m *MemoryCacheStore) Delete(ctx context.Context, key CacheKey) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.caches, key)
	return nil
}
