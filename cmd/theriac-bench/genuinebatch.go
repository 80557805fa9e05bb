package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	paper "theriac/internal/paper/genuine"
	"theriac/merkle"
)

// batches are packs that are registered in one go: one commitment, and a path for each.
func (c *genuineCmd) batches(ctx context.Context, b bench, m *mill) ([]result, error) {
	var out []result
	var first *lotCost
	for _, size := range c.Packs {
		b.progress("genuine: registering %d packs", size)
		cost, err := c.lot(ctx, b, m, size)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = cost
		}
		out = append(out, cost.results(first)...)
	}
	crowded, err := c.crowded(ctx, b, m)
	return append(out, crowded...), err
}

// A lotCost is what the registration of a lot takes.
type lotCost struct {
	packs    uint64
	marks    float64 // µs a pack to make its mark, all cores at work
	bare     float64 // the same for the bare cryptography
	tree     float64 // µs a pack for the tree
	apply    []series
	entry    entry // of the first registration
	path     []series
	hashes   int // of a path
	identify int // bytes of an identification
}

func (c *genuineCmd) lot(ctx context.Context, b bench, m *mill, size uint64) (*lotCost, error) {
	l := &lotCost{packs: size}
	each := func(n uint64, do func() error) (float64, error) {
		took, err := timed(do)()
		return took / float64(n), err
	}
	var marks chain.Hashes
	var err error
	if l.marks, err = each(size, func() (err error) { marks, err = m.marks(size); return err }); err != nil {
		return nil, err
	}
	w, err := newBare(m)
	if err != nil {
		return nil, err
	}
	few := min(size, 50_000)
	if l.bare, err = each(few, func() error { return onAllCores(few, func(uint64) error { return w.bareRegister() }) }); err != nil {
		return nil, err
	}
	var tree *genuine.MarkTree
	if l.tree, err = each(size, func() error { tree = genuine.NewMarkTree(marks); return nil }); err != nil {
		return nil, err
	}
	err = onSheet(b.dir, func(s *sheet) error { return l.onLedger(ctx, b, s, m, tree) })
	if err != nil {
		return nil, err
	}
	var path chain.Hashes
	var index uint64
	l.path, err = interleave(ctx, 20*b.or(50),
		timed(func() (err error) {
			index = rand.Uint64N(size)
			path, err = tree.Path(index)
			return err
		}),
		timed(func() error {
			if path == nil {
				return nil // the backward rounds begin here
			}
			return merkle.VerifyInclusion(marks[index], index, size, path, tree.Root())
		}))
	if err != nil {
		return nil, err
	}
	path, err = tree.Path(0) // none is longer
	l.hashes = len(path)
	return l, err
}

// onLedger registers the lot again and again, beside transitions of as many packs.
func (l *lotCost) onLedger(ctx context.Context, b bench, s *sheet, m *mill, tree *genuine.MarkTree) error {
	const lot gs1.Lot = "LOT"
	if err := s.open(m, lot, l.packs); err != nil {
		return err
	}
	counter, id := uint64(0), canon.Digest{}
	register := func() (float64, error) {
		counter++
		arg, err := m.register(m.terms(lot, l.packs, counter, tree.Root()))
		if err != nil {
			return 0, err
		}
		e, err := s.say(chain.KindRegister, arg)
		if counter == 1 {
			l.entry, id = e, chain.RegistrationID(e.op)
		}
		return e.took, err
	}
	from, to := chain.UnitActive, chain.UnitLocked
	move := func() (float64, error) {
		e, err := s.say(chain.KindUnits, chain.Units{
			Batch: chain.BatchID(benchGLN, benchProduct, lot), From: from, To: to, Ranges: []chain.Range{{To: l.packs}},
		})
		from, to = to, from
		return e.took, err
	}
	var err error
	if l.apply, err = interleave(ctx, b.or(10), register, move); err != nil {
		return err
	}
	arg, err := m.identify(id, l.packs/2, tree)
	if err != nil {
		return err
	}
	tx, err := s.signTo(chain.KindIdentify, arg)
	l.identify = len(tx)
	return err
}

func (l *lotCost) results(first *lotCost) []result {
	name := fmt.Sprintf("register %d packs in one go: ", l.packs)
	smallest := fmt.Sprintf("that of %d packs", first.packs)
	out := []result{
		newResult(name+"to make a mark", "µs/pack", fixed(l.marks), "HKDF and Ed25519 key generation alone", fixed(l.bare)),
		newResult(name+"the tree", "µs/pack", fixed(l.tree), smallest, fixed(first.tree)),
		newResult(name+"in Apply", "µs", l.apply[0], "units, as many packs", l.apply[1]),
		newResult(name+"on the ledger", "bytes/pack", fixed(l.bytes()), "verification information of each", fixed(32)),
		newResult(name+"a path", "µs", l.path[0], "verification of the path", l.path[1]),
		newResult(name+"a path", "bytes", fixed(float64(32*l.hashes)), smallest, fixed(float64(32*first.hashes))),
		newResult(name+"an identification", "bytes", fixed(float64(l.identify)), smallest, fixed(float64(first.identify))),
	}
	return append(out, l.entry.priced(name+"a pack", l.packs, paper.Table2[0])...)
}

// bytes are those of a pack on the ledger.
func (l *lotCost) bytes() float64 { return float64(l.entry.bytes+l.entry.grown) / float64(l.packs) }

// crowded registers the packs of one page one by one: each has its run in the page's
// record, which is written again each time.
func (c *genuineCmd) crowded(ctx context.Context, b bench, m *mill) (out []result, err error) {
	const last = 2000
	b.progress("genuine: registering %d packs of a page one by one", last)
	err = onSheet(b.dir, func(s *sheet) error {
		if err := s.open(m, "PAGE", chain.PageUnits); err != nil {
			return err
		}
		took, wrote := map[bool]series{}, map[bool]series{}
		for i := range uint64(last) {
			if err := ctx.Err(); err != nil {
				return err
			}
			terms := m.terms("PAGE", 1, 1, canon.Sum([]byte("mark")))
			terms.Ranges = []chain.Range{{From: i, To: i + 1}}
			arg, err := m.register(terms)
			if err != nil {
				return err
			}
			e, err := s.say(chain.KindRegister, arg)
			if err != nil {
				return err
			}
			if i < 20 || i >= last-20 {
				took[i < 20], wrote[i < 20] = append(took[i < 20], e.took), append(wrote[i < 20], float64(e.wrote))
			}
		}
		name, anchor := fmt.Sprintf("register one pack, the %dth of its page: ", last), "the first twenty"
		out = []result{
			newResult(name+"in Apply", "µs", took[false], anchor, took[true]),
			newResult(name+"records written", "bytes", wrote[false], anchor, wrote[true]),
		}
		return nil
	})
	return out, err
}
