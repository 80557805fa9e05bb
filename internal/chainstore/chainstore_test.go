package chainstore

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/merkle"
)

// mirror commits to a store what a chain in memory does, block by block.
type mirror struct {
	*ledgertest.World
	store *Store
}

func open(t *testing.T, dir string, fs vfs.FS) *Store {
	t.Helper()
	s, err := Open(dir, fs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// commit brings the store to where the chain is, in one block.
func (m *mirror) commit(t *testing.T) *Pending {
	t.Helper()
	height, root := m.store.Position()
	b := Block{Height: height + 1, Changes: ledger.Changes{Operations: maps.Clone(m.State.Operations)}}
	view := m.store.Latest()
	defer view.Close()
	for k, v := range view.Records(nil) {
		if _, ok := m.State.Records[string(k)]; !ok {
			b.Changes.State = append(b.Changes.State, ledger.Write{Key: append([]byte{}, k...)})
		} else if string(m.State.Records[string(k)]) == string(v) {
			continue
		}
	}
	for k, v := range m.State.Records {
		b.Changes.State = append(b.Changes.State, ledger.Write{Key: []byte(k), Value: v})
	}
	for i := root.LogSize; i < uint64(len(m.State.Leaves)); i++ {
		b.Changes.Leaves = append(b.Changes.Leaves, m.State.Leaves[i])
		b.Entries = append(b.Entries, Entry{Tx: m.State.Txs[i], Tags: []string{"all/x"}})
	}
	p, err := m.store.Prepare(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Root(), m.State.Root(t); got != want {
		t.Fatalf("root %+v, in memory %+v", got, want)
	}
	if err := m.store.Commit(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// The store has the same roots as the naive trees, and all its proofs verify.
func TestStoreAgainstMemory(t *testing.T) {
	fs := vfs.NewMem()
	m := &mirror{ledgertest.NewWorld(t), open(t, "db", fs)}
	m.commit(t)
	m.Develop()
	m.commit(t)
	m.Approve()
	m.Make("L1", 300)
	m.commit(t)
	m.Distribute(0, 100)
	m.commit(t)
	check := func(s *Store) {
		v := s.Latest()
		defer v.Close()
		root := v.Root()
		for k, want := range m.State.Records {
			p, err := v.Prove([]byte(k))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.VerifyMember(root.StateRoot, []byte(k), want); err != nil {
				t.Errorf("record %q: %v", k, err)
			}
		}
		p, err := v.Prove([]byte("member/nobody"))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.VerifyAbsent(root.StateRoot, []byte("member/nobody")); err != nil {
			t.Error(err)
		}
		indexes := []uint64{0, 3, root.LogSize - 1}
		var leaves []merkle.IndexedLeaf
		for _, i := range indexes {
			leaf, tx, err := v.Leaf(i)
			if err != nil {
				t.Fatal(err)
			}
			if leaf.Tx != canon.Sum(tx) {
				t.Errorf("leaf %d is of another transaction", i)
			}
			leaves = append(leaves, merkle.IndexedLeaf{Index: i, Hash: leaf.Hash()})
			if got, ok, err := s.Operation(leaf.Operation); err != nil || !ok || got != i {
				t.Errorf("Operation = %d, %v, %v, want %d", got, ok, err, i)
			}
		}
		proof, err := v.ProveLeaves(indexes)
		if err != nil {
			t.Fatal(err)
		}
		if err := merkle.VerifyMulti(leaves, root.LogSize, proof, root.LogRoot); err != nil {
			t.Error(err)
		}
		for older := range root.LogSize {
			old, err := v.LogRoot(older)
			if err != nil {
				t.Fatal(err)
			}
			proof, err := v.ProveConsistency(older)
			if err != nil {
				t.Fatal(err)
			}
			if err := merkle.VerifyConsistency(older, root.LogSize, proof, old, root.LogRoot); err != nil {
				t.Errorf("log of %d in %d: %v", older, root.LogSize, err)
			}
		}
		if got, err := v.Tagged("all/x", 2, 3); err != nil || len(got) != 3 || got[0] != 2 {
			t.Errorf("Tagged = %v, %v", got, err)
		}
		for _, before := range []uint64{0, 3, root.LogSize, 1 << 63} {
			want := []uint64{}
			for i := min(before, root.LogSize); i > 0 && len(want) < 3; i-- {
				want = append(want, i-1)
			}
			if got, err := v.TaggedBefore("all/x", before, 3); err != nil || !slices.Equal(got, want) {
				t.Errorf("TaggedBefore(%d) = %v, %v, want %v", before, got, err, want)
			}
		}
		for height := range v.Height() + 2 {
			at, err := v.FirstAt(height)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range []uint64{at - 1, at} {
				if i >= root.LogSize {
					continue
				}
				if leaf, _, err := v.Leaf(i); err != nil || (leaf.Height >= height) != (i == at) {
					t.Errorf("FirstAt(%d) = %d, and leaf %d has height %d, %v", height, at, i, leaf.Height, err)
				}
			}
		}
	}
	check(m.store)
	height, root := m.store.Position()
	if err := m.store.Close(); err != nil {
		t.Fatal(err)
	}
	m.store = open(t, "db", fs)
	defer m.store.Close()
	if h, r := m.store.Position(); h != height || r != root {
		t.Errorf("reopened at %d %+v, was at %d %+v", h, r, height, root)
	}
	check(m.store)
	m.Deliver(0, 50)
	m.commit(t)
	check(m.store)
}

// A view stays as it was while blocks go on, and old ones are given up.
func TestViewsStand(t *testing.T) {
	m := &mirror{ledgertest.NewWorld(t), open(t, "db", vfs.NewMem())}
	defer m.store.Close()
	m.commit(t)
	v, err := m.store.View(1)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	root := v.Root()
	for range 6 {
		m.Admit(m.MS.Tx(m.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Digest(ledgertest.NewOrg(t, "", "1", nil).Key.X.FillBytes(make([]byte, 32)))}))
		m.commit(t)
	}
	p, err := v.Prove(chain.MemberKey(m.MS.GLN))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.VerifyMember(root.StateRoot, chain.MemberKey(m.MS.GLN), m.State.Records[string(chain.MemberKey(m.MS.GLN))]); err != nil {
		t.Errorf("a held view's proof: %v", err)
	}
	if _, err := m.store.View(1); !errors.Is(err, ErrHeight) {
		t.Errorf("View(1) = %v, want %v", err, ErrHeight)
	}
	if v, err := m.store.View(100); err != nil || v.Height() != 7 {
		t.Errorf("View(100) = %v", err)
	} else {
		v.Close()
	}
}

// Attack 000-22: one nonce under two signatures of a key is seen, in one block
// and across blocks; the same signature twice is not a reuse.
func TestNonceReuseIsSeen(t *testing.T) {
	s := open(t, "db", vfs.NewMem())
	defer s.Close()
	sig := func(key, r, digest byte) envelope.Signature {
		return envelope.Signature{KeyID: canon.Digest{key}, Digest: canon.Digest{digest}, Bytes: [64]byte{r}}
	}
	commit := func(sigs ...envelope.Signature) []canon.Digest {
		t.Helper()
		height, root := s.Position()
		p, err := s.Prepare(Block{
			Height:  height + 1,
			Changes: ledger.Changes{Leaves: []chain.Leaf{{Height: height + 1, Tx: canon.Digest{byte(root.LogSize)}}}},
			Entries: []Entry{{Signatures: sigs}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(p); err != nil {
			t.Fatal(err)
		}
		return p.Reused
	}
	if got := commit(sig(1, 1, 1), sig(1, 2, 2), sig(2, 1, 3)); len(got) != 0 {
		t.Errorf("fresh nonces: %v", got)
	}
	if got := commit(sig(1, 1, 1)); len(got) != 0 {
		t.Errorf("the same signature again: %v", got)
	}
	if got := commit(sig(1, 2, 9)); len(got) != 1 || got[0] != (canon.Digest{1}) {
		t.Errorf("reuse across blocks: %v", got)
	}
	if got := commit(sig(3, 5, 1), sig(3, 5, 2)); len(got) != 1 {
		t.Errorf("reuse in one block: %v", got)
	}
	v := s.Latest()
	defer v.Close()
	if got, err := v.Warnings(); err != nil || len(got) != 2 || got[2] != (canon.Digest{1}) {
		t.Errorf("Warnings = %v, %v", got, err)
	}
}

// After a crash the store is as some committed block left it, whole: the engine
// gives it the blocks after that again. What was only prepared is never there.
func TestCrash(t *testing.T) {
	for seed := range uint64(20) {
		fs := vfs.NewCrashableMem()
		m := &mirror{ledgertest.NewWorld(t), open(t, "db", fs)}
		roots := map[chain.Root]bool{}
		note := func() { _, r := m.store.Position(); roots[r] = true }
		note()
		m.commit(t)
		note()
		m.Develop()
		m.commit(t)
		note()
		if _, err := m.store.Prepare(Block{Height: 3, Changes: ledger.Changes{State: []ledger.Write{{Key: []byte("x"), Value: []byte("y")}}}}); err != nil {
			t.Fatal(err)
		}
		after := open(t, "db", fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(seed, 2))}))
		_, got := after.Position()
		if !roots[got] {
			t.Errorf("seed %d: after the crash %+v, which no block left", seed, got)
		}
		v := after.Latest()
		p, err := v.Prove([]byte("params/"))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := v.Get([]byte("params/"))
		if err != nil {
			t.Fatal(err)
		}
		if raw == nil {
			err = p.VerifyAbsent(got.StateRoot, []byte("params/"))
		} else {
			err = p.VerifyMember(got.StateRoot, []byte("params/"), raw)
		}
		if err != nil {
			t.Errorf("seed %d: records and tree disagree: %v", seed, err)
		}
		v.Close()
		after.Close()
	}
}

// A store imported from another has its root and proofs, and goes on; one that
// does not have the trusted root is refused.
func TestExportImport(t *testing.T) {
	m := &mirror{ledgertest.NewWorld(t), open(t, "db", vfs.NewMem())}
	defer m.store.Close()
	m.Story(3000)
	m.commit(t)
	v := m.store.Latest()
	defer v.Close()
	var file bytes.Buffer
	if err := v.Export(&file); err != nil {
		t.Fatal(err)
	}
	root := v.Root()
	want := root.AppHash()
	twin := open(t, "twin", vfs.NewMem())
	defer twin.Close()
	if err := twin.Import(bytes.NewReader(file.Bytes()), 1, want); err != nil {
		t.Fatal(err)
	}
	if h, r := twin.Position(); h != 1 || r != root {
		t.Errorf("imported at %d %+v, want %+v", h, r, root)
	}
	original := m.store
	m.store = twin
	m.Admit(m.MS.Tx(m.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Digest{1}}))
	m.commit(t)
	m.store = original
	tv := twin.Latest()
	defer tv.Close()
	if got, err := tv.Tagged("all/x", 0, 100); err != nil || len(got) != int(root.LogSize)+1 {
		t.Errorf("%d tags, %v", len(got), err)
	}
	for at := range file.Len() {
		if at%997 != 0 {
			continue
		}
		bent := bytes.Clone(file.Bytes())
		bent[at] ^= 1
		other := open(t, "other", vfs.NewMem())
		err := other.Import(bytes.NewReader(bent), 1, want)
		if _, r := other.Position(); !errors.Is(err, ErrImport) && r != root {
			t.Errorf("byte %d bent: %v, root %+v", at, err, r)
		}
		other.Close()
	}
	if err := open(t, "cut", vfs.NewMem()).Import(bytes.NewReader(file.Bytes()[:file.Len()-5]), 1, want); !errors.Is(err, ErrImport) {
		t.Errorf("cut: %v, want %v", err, ErrImport)
	}
}
