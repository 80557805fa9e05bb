package chainstore

import (
	"encoding/binary"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

func be64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }

// cachedDepth is how deep the nodes of the state tree stay in memory: 4,369
// branches of 640 bytes at most, which every change passes through.
const cachedDepth = 3

// A nodeCache has the upper nodes of the present state tree.
type nodeCache struct {
	mu    sync.RWMutex
	nodes map[string][]byte
}

func newNodeCache() *nodeCache { return &nodeCache{nodes: map[string][]byte{}} }

// shallow reports whether a node is one to keep; its key begins with its depth.
func shallow(node []byte) bool { return len(node) > 0 && node[0] <= cachedDepth }

func (c *nodeCache) get(node []byte) ([]byte, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.nodes[string(node)]
	return v, ok
}

func (c *nodeCache) put(node, value []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[string(node)] = value
}

// take puts what a committed block changed.
func (c *nodeCache) take(changed map[string][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range changed {
		if shallow([]byte(k)) {
			c.nodes[k] = v
		}
	}
}

// forget empties the cache.
func (c *nodeCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.nodes)
}

// overlay is the state tree's nodes while a block is prepared.
type overlay struct {
	store   *Store
	changed map[string][]byte // nil: deleted
}

// Get implements merkle.Nodes.
func (o *overlay) Get(node []byte) ([]byte, error) {
	if v, ok := o.changed[string(node)]; ok {
		return v, nil
	}
	if !shallow(node) {
		return get(o.store.db, join("n", node))
	}
	if v, ok := o.store.cache.get(node); ok {
		return v, nil
	}
	v, err := get(o.store.db, join("n", node))
	if err == nil {
		o.store.cache.put(node, v)
	}
	return v, err
}

// Set implements merkle.Nodes.
func (o *overlay) Set(node, value []byte) error {
	o.changed[string(node)] = value
	return nil
}

// Delete implements merkle.Nodes.
func (o *overlay) Delete(node []byte) error {
	o.changed[string(node)] = nil
	return nil
}

// write puts what changed into a batch.
func (o *overlay) write(to *pebble.Batch) error {
	for k, v := range o.changed {
		var err error
		if v == nil {
			err = to.Delete(join("n", []byte(k)), nil)
		} else {
			err = to.Set(join("n", []byte(k)), v, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// flush writes what changed and forgets it.
func (o *overlay) flush(to *pebble.Batch) error {
	err := o.write(to)
	clear(o.changed)
	return err
}
