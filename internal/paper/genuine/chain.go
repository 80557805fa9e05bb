package genuine

// An Entry is what is mapped to identification information.
type Entry struct {
	V        Digest
	Verified bool
}

// A Chain is the blockchain. All of it is public ("owing to the features of the
// blockchain, all values are made public", 3.2), and nobody who writes is asked who he
// is.
type Chain struct {
	entries map[ID]Entry
	outputs map[ID]Key
}

// NewChain returns an empty blockchain.
func NewChain() *Chain { return &Chain{map[ID]Entry{}, map[ID]Key{}} }

// Register maps verification information to identification information, in place of
// what was there.
func (c *Chain) Register(id ID, v Digest) { c.entries[id] = Entry{V: v} }

// Mark attaches verified information.
func (c *Chain) Mark(id ID) {
	e := c.entries[id]
	e.Verified = true
	c.entries[id] = e
}

// Entry returns what is registered.
func (c *Chain) Entry(id ID) (Entry, bool) {
	e, ok := c.entries[id]
	return e, ok
}

// Output carries Key2 to the identification device.
func (c *Chain) Output(id ID, key2 Key) { c.outputs[id] = key2 }

// Observe returns the last Key2 that is on its way, to anybody.
func (c *Chain) Observe(id ID) (Key, bool) {
	k, ok := c.outputs[id]
	return k, ok
}
