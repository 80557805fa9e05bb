package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/packstore"
)

type unitsCmd struct {
	Packs    uint64        `help:"Packs of the batch." default:"1000000"`
	Clients  int           `help:"Clients, each with its own part of the batch." default:"64"`
	Shown    int           `help:"Packs that a transaction shows, with their places and a proof." default:"1000"`
	Duration time.Duration `help:"How long each figure is measured in a round." default:"3s"`
}

// Help implements kong.HelpProvider.
func (unitsCmd) Help() string {
	return `One validator commits bulk transactions that lock packs of a batch and free them again:
as ranges in the sender's custody, each client its whole part of the batch, and as packs
that are shown by their digests with a proof. The anchor is CometBFT's kvstore with the
verification of a signature, fed with transactions of as many bytes that count as many
packs: it does all that the transaction costs but the work on the packs.

A second figure is the state of a batch after every pack was moved, in bytes a pack, with
the tree over it; the anchor is the half byte that a state of four bits takes.

  theriac-bench units
  theriac-bench units --packs 100000 --clients 16 --shown 500`
}

func (c *unitsCmd) bench(ctx context.Context, b bench) (results []result, err error) {
	w := &works{}
	if w.dir, err = os.MkdirTemp(b.dir, "theriac-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(w.dir)) }()
	if w.store, err = packstore.Open(filepath.Join(w.dir, "packs")); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.store.Close()) }()
	b.progress("units: building %d packs", c.Packs)
	batch, spec, err := w.build(ctx, c.Packs, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, batch.Close()) }()
	lot := &lotMoves{unitsCmd: c, batch: batch, spec: spec}
	ranges, err := lot.rate(ctx, b, "as ranges", lot.rangeTx, c.Packs/uint64(c.Clients), 30_000)
	if err != nil {
		return nil, err
	}
	shown, err := lot.rate(ctx, b, "shown", lot.shownTx, uint64(c.Shown), 1000)
	if err != nil {
		return nil, err
	}
	bytes, err := lot.size(ctx, b)
	return slices.Concat(ranges, shown, bytes), err
}

// A lotMoves makes transactions that move the packs of a lot.
type lotMoves struct {
	*unitsCmd
	batch *packstore.Batch
	spec  packstore.Spec

	mu    sync.Mutex
	proof map[int]*chain.Units // of the packs that a client shows
}

// rate measures transitions a second.
func (l *lotMoves) rate(ctx context.Context, b bench, name string, tx func(*benchNet, int) ([]byte, error), packs uint64, most int) ([]result, error) {
	measure := func(kind string) func() (float64, error) {
		return func() (float64, error) {
			b.progress("units: %s: %s", name, kind)
			rate, err := commitRate(ctx, b.dir, load{
				kind: kind, validators: 1, clients: l.Clients, duration: l.Duration, most: most,
				prepare: l.release, tx: tx,
			})
			return rate * float64(packs), err
		}
	}
	rates, err := interleave(ctx, b.or(3), measure(kindOurs), measure(kindVerified))
	if err != nil {
		return nil, err
	}
	return []result{newResult(fmt.Sprintf("units in transactions of %d packs, %s", packs, name), "packs/s", rates[0],
		"kvstore with verification, as many bytes", rates[1])}, nil
}

// release enters the lot in the ledger, as captured from a document, which needs
// no history.
func (l *lotMoves) release(ctx context.Context, n *benchNet) error {
	if err := n.ready(ctx, kindOurs); err != nil {
		return err
	}
	f, document := l.batch.Facts(), canon.Sum([]byte("document"))
	for _, step := range []struct {
		kind chain.Kind
		body any
	}{
		{chain.KindEvidence, chain.Evidence{Digest: document, Media: "text/plain"}},
		{chain.KindBatch, chain.BatchRelease{
			GTIN: f.GTIN, Lot: f.Lot, Expiry: f.Expiry, Size: f.Size, Root: f.Root, Initial: chain.UnitActive, Evidence: document,
		}},
	} {
		tx, err := n.sign(step.kind, step.body)
		if err != nil {
			return err
		}
		if err := n.submit[0](ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// states returns the move of transaction i: a client locks its packs, then frees
// them, and so on.
func (l *lotMoves) states(i int) (from, to chain.UnitState) {
	if i/l.Clients%2 == 0 {
		return chain.UnitActive, chain.UnitLocked
	}
	return chain.UnitLocked, chain.UnitActive
}

// rangeTx moves a client's whole part of the batch.
func (l *lotMoves) rangeTx(n *benchNet, i int) ([]byte, error) {
	part := l.Packs / uint64(l.Clients)
	client := uint64(max(0, i) % l.Clients)
	u := chain.Units{Batch: l.spec.ID, Ranges: []chain.Range{{From: client * part, To: (client + 1) * part}}}
	u.From, u.To = l.states(i)
	return n.sign(chain.KindUnits, u)
}

// shownTx moves packs that stand all over the batch, as packs do that lie in one
// carton.
func (l *lotMoves) shownTx(n *benchNet, i int) ([]byte, error) {
	u, err := l.shownBy(i % l.Clients)
	if err != nil {
		return nil, err
	}
	u.From, u.To = l.states(i)
	return n.sign(chain.KindUnits, u)
}

func (l *lotMoves) shownBy(client int) (chain.Units, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u := l.proof[client]; u != nil {
		return *u, nil
	}
	u := &chain.Units{Batch: l.spec.ID}
	for i := range l.Shown {
		u.Indexes = append(u.Indexes, uint64(i)*(l.Packs/uint64(l.Shown))+uint64(client))
	}
	packs, proof, err := l.batch.ProveMulti(u.Indexes)
	if err != nil {
		return chain.Units{}, err
	}
	u.Proof = proof
	for i := range packs {
		u.Packs = append(u.Packs, packs[i].Digest())
	}
	if l.proof == nil {
		l.proof = map[int]*chain.Units{}
	}
	l.proof[client] = u
	return *u, nil
}

// size measures the bytes of state that moved packs take. Every client moves its
// part once, by thirds into other states, so that no page is of one piece.
func (l *lotMoves) size(ctx context.Context, b bench) ([]result, error) {
	b.progress("units: moving %d packs once", l.Packs)
	var records, all float64
	var home string
	_, err := commitRate(ctx, b.dir, load{
		kind: kindOurs, validators: 1, clients: 1, duration: time.Minute, most: l.Clients,
		prepare: func(ctx context.Context, n *benchNet) error {
			home = filepath.Join(n.dir, "0", "data", "chain")
			return l.release(ctx, n)
		},
		tx: func(n *benchNet, i int) ([]byte, error) {
			part, client := l.Packs/uint64(l.Clients), uint64(max(i, 0))
			states := []chain.UnitState{chain.UnitLocked, chain.UnitSampled, chain.UnitDestroyed}
			return n.sign(chain.KindUnits, chain.Units{
				Batch: l.spec.ID, From: chain.UnitActive, To: states[client%3],
				Ranges: []chain.Range{{From: client * part, To: (client + 1) * part}},
			})
		},
		after: func(_ context.Context, n *benchNet) (err error) {
			v := n.nodes[0].Store().Latest()
			for k, value := range v.Records([]byte("units/")) {
				records += float64(len(k) + len(value))
			}
			v.Close()
			// The tree over the records is the store's own affair, so it is
			// stopped and looked into.
			if err := n.stop(); err != nil {
				return err
			}
			all, err = stateBytes(home)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	moved := float64(l.Packs / uint64(l.Clients) * uint64(l.Clients))
	const half = "the half byte of a state"
	return []result{
		newResult("state records of the packs, all moved", "bytes/pack", fixed(records/moved), half, fixed(0.5)),
		newResult("all state with its tree", "bytes/pack", fixed(all/moved), half, fixed(0.5)),
	}, nil
}

// stateBytes returns the bytes of all records of the state and of the nodes of
// the tree over them, in the store of a node that was stopped.
func stateBytes(dir string) (sum float64, err error) {
	db, err := pebble.Open(dir, &pebble.Options{ReadOnly: true, Logger: silent{}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	it, err := db.NewIter(nil)
	if err != nil {
		return 0, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		// The spaces of the store (package chainstore).
		if k := it.Key(); bytes.HasPrefix(k, []byte("s")) || bytes.HasPrefix(k, []byte("n")) {
			sum += float64(len(k) + len(it.Value()))
		}
	}
	return sum, it.Close()
}

type silent struct{}

func (silent) Infof(string, ...any)           {}
func (silent) Errorf(string, ...any)          {}
func (silent) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }
