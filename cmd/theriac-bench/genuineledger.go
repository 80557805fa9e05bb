package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/chainstore"
	"theriac/internal/ledger"
	paper "theriac/internal/paper/genuine"
)

// A sheet is the ledger on disk without consensus, a transaction a block.
type sheet struct {
	*benchNet
	rules *ledger.Ledger
	store *chainstore.Store
}

// An entry is what a transaction was to the ledger.
type entry struct {
	took  float64 // µs in Apply
	bytes int     // of the transaction
	grown int     // bytes by which the records grew
	wrote int     // bytes of the records that were written
	op    canon.Digest
}

// onSheet opens such a ledger while do runs.
func onSheet(dir string, do func(s *sheet) error) (err error) {
	if dir, err = os.MkdirTemp(dir, "theriac-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	n, err := newBenchNet(dir)
	if err != nil {
		return err
	}
	s := &sheet{benchNet: n, rules: &ledger.Ledger{Chain: benchChain}}
	if s.store, err = chainstore.Open(filepath.Join(dir, "chain"), nil); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.store.Close()) }()
	doc, err := n.genesis()
	if err != nil {
		return err
	}
	key, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	writes, err := s.rules.Genesis(doc, []chain.Validator{{Key: key, Power: 1}}, time.Now())
	if err != nil {
		return err
	}
	if err := s.write(chainstore.Block{Changes: ledger.Changes{State: writes}}); err != nil {
		return err
	}
	return do(s)
}

func (s *sheet) write(b chainstore.Block) error {
	p, err := s.store.Prepare(b)
	if err != nil {
		return err
	}
	return s.store.Commit(p)
}

// admit applies a transaction that must be accepted.
func (s *sheet) admit(tx []byte) (entry, error) {
	height, root := s.store.Position()
	b, err := s.rules.Begin(s.store, height+1, time.Now(), root.LogSize)
	if err != nil {
		return entry{}, err
	}
	begin := time.Now()
	r, err := b.Apply(tx)
	e := entry{took: float64(time.Since(begin).Nanoseconds()) / 1e3, bytes: len(tx), op: r.Operation}
	if err != nil {
		return e, err
	}
	if r.Outcome != chain.Applied {
		return e, fmt.Errorf("refused: %s: %s", r.Code, r.Text)
	}
	changes, err := b.End()
	if err != nil {
		return e, err
	}
	for _, w := range changes.State {
		old, err := s.store.Get(w.Key)
		if err != nil {
			return e, err
		}
		e.wrote += len(w.Value)
		if e.grown += len(w.Value) - len(old); old == nil {
			e.grown += len(w.Key)
		}
	}
	return e, s.write(chainstore.Block{Height: height + 1, Changes: changes, Entries: []chainstore.Entry{{Tx: tx, Tags: r.Tags, Signatures: r.Signatures}}})
}

// say admits what the member says who does everything.
func (s *sheet) say(kind chain.Kind, body any) (entry, error) {
	tx, err := s.sign(kind, body)
	if err != nil {
		return entry{}, err
	}
	return s.admit(tx)
}

// open enters the line and a lot.
func (s *sheet) open(m *mill, lot gs1.Lot, size uint64) error {
	for _, a := range append(m.release(lot, size), argument{chain.KindLine, m.line.Put}) {
		if _, err := s.say(a.kind, a.body); err != nil {
			return err
		}
	}
	return nil
}

// contracts are what it takes the ledger to register and to identify one thing, and a
// device to verify it, beside table 2 of the paper.
func (c *genuineCmd) contracts(ctx context.Context, b bench, m *mill) (out []result, err error) {
	b.progress("genuine: registration and identification of one thing")
	err = onSheet(b.dir, func(s *sheet) error {
		if err := s.open(m, "ONE", 1<<20); err != nil {
			return err
		}
		t := &things{sheet: s, mill: m}
		if _, err := t.register(); err != nil { // so that there is always one to identify
			return err
		}
		all, err := interleave(ctx, b.or(60), t.register, t.identify, t.move)
		if err != nil {
			return err
		}
		const anchor = "units, one pack"
		for i, x := range []struct {
			name string
			entry
		}{{"register one thing", t.last.registered}, {"identify one thing", t.last.identified}} {
			out = append(out,
				newResult(x.name+": in Apply", "µs", all[i], anchor, all[2]),
				newResult(x.name+": transaction", "bytes", fixed(float64(x.bytes)), anchor, fixed(float64(t.last.moved.bytes))),
				newResult(x.name+": state records", "bytes", fixed(float64(x.grown)), anchor, fixed(float64(t.last.moved.grown))))
		}
		out = append(out, t.last.registered.priced("register one thing", 1, paper.Table2[0])...)
		out = append(out, entry{}.priced("verify one thing", 1, paper.Table2[1])...)
		out = append(out, t.last.identified.priced("identify one thing", 1, paper.Table2[2])...)
		return nil
	})
	return out, err
}

// gas is what Ethereum took in February 2021 for as many bytes as a transaction and its
// records have: 21,000 a transaction, 16 a byte (EIP-2028), 20,000 for each word of 32
// bytes that was zero (EIP-2200). The measuring device says nothing to the ledger.
func (e entry) gas() int {
	if e.bytes == 0 {
		return 0
	}
	return 21_000 + 16*e.bytes + 20_000*((e.grown+31)/32)
}

// priced is that beside what the paper's contract took, for each of some things.
func (e entry) priced(name string, things uint64, printed paper.Gas) []result {
	const table = "paper 001, table 2"
	n := float64(things)
	return []result{
		newResult(name+": its bytes on Ethereum", "gas", fixed(float64(e.gas())/n), table, fixed(float64(printed.Gas))),
		newResult(name+": its bytes on Ethereum", "USD", fixed(paper.USD(e.gas())/n), table, fixed(printed.USD)),
	}
}

// things are single packs, each on a page of its own.
type things struct {
	*sheet
	*mill
	count   uint64
	waiting []canon.Digest // registrations, oldest first
	last    struct{ registered, identified, moved entry }
}

func (t *things) next() chain.Range {
	t.count++
	return chain.Range{From: t.count * chain.PageUnits, To: t.count*chain.PageUnits + 1}
}

func (t *things) register() (float64, error) {
	v, err := t.key.Verification(t.good(), t.transaction(0))
	if err != nil {
		return 0, err
	}
	terms := t.terms("ONE", 1, 1, chain.MarkLeaf(v))
	terms.Ranges = []chain.Range{t.next()}
	arg, err := t.mill.register(terms)
	if err != nil {
		return 0, err
	}
	if t.last.registered, err = t.say(chain.KindRegister, arg); err != nil {
		return 0, err
	}
	t.waiting = append(t.waiting, chain.RegistrationID(t.last.registered.op))
	return t.last.registered.took, nil
}

func (t *things) identify() (float64, error) {
	id := t.waiting[0]
	t.waiting = t.waiting[1:]
	v, err := t.key.Verification(t.good(), t.transaction(0))
	if err != nil {
		return 0, err
	}
	arg, err := t.mill.identify(id, 0, genuine.NewMarkTree(chain.Hashes{chain.MarkLeaf(v)}))
	if err != nil {
		return 0, err
	}
	tx, err := t.signTo(chain.KindIdentify, arg)
	if err != nil {
		return 0, err
	}
	t.last.identified, err = t.admit(tx)
	return t.last.identified.took, err
}

// move locks a pack: the plainest transition.
func (t *things) move() (took float64, err error) {
	t.last.moved, err = t.say(chain.KindUnits, chain.Units{
		Batch: chain.BatchID(benchGLN, benchProduct, "ONE"), From: chain.UnitActive, To: chain.UnitLocked, Ranges: []chain.Range{t.next()},
	})
	return t.last.moved.took, err
}
