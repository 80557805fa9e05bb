package chainstore

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/merkle"
)

// ErrImport is returned for an exported store that is not one.
var ErrImport = errors.New("chainstore: not an exported store")

// The exported form: the position, then the leaves in order, each with its
// transaction, then the records and the tags, each list ended by an empty field.
// A field has its length (4 bytes) before it. The trees are computed again on
// import, so that who trusts the root need not trust the exporter. Tags are an
// index that no root covers: a false one hides or adds a search result, which
// whoever looks at the leaf finds out.

const (
	maxField  = ledger.MaxTx + 1<<20
	importing = 4096 // entries a batch
)

// Export writes the view. It does not gather it in memory.
func (v *View) Export(to io.Writer) error {
	e := &exporter{w: bufio.NewWriterSize(to, 1<<16)}
	at, err := canon.CBOR(v.at)
	if err != nil {
		return err
	}
	e.field(at)
	for i := range v.at.Root.LogSize {
		leaf, tx, err := v.Leaf(i)
		if err != nil {
			return err
		}
		e.field(leaf.Pack())
		e.field(tx)
	}
	for key, value := range v.Records(nil) {
		e.field(key)
		e.field(value)
	}
	e.field(nil)
	if err := e.tags(v); err != nil {
		return err
	}
	e.field(nil)
	if e.err != nil {
		return fmt.Errorf("chain store: export: %w", e.err)
	}
	return e.w.Flush()
}

type exporter struct {
	w   *bufio.Writer
	err error
}

func (e *exporter) field(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
	}
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

// tags writes the index entries of the view's leaves.
func (e *exporter) tags(v *View) error {
	it, err := v.db.NewIter(&pebble.IterOptions{LowerBound: []byte("g"), UpperBound: []byte("h")})
	if err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		if key := it.Key(); len(key) > 10 && be64(key[len(key)-8:]) < v.at.Root.LogSize {
			e.field(key[1:])
		}
	}
	return it.Close()
}

// Import fills an empty store with an exported one and returns ErrImport unless
// it has the root want, which the caller trusts.
func (s *Store) Import(from io.Reader, height int64, want canon.Digest) error {
	i := &importer{store: s, r: bufio.NewReaderSize(from, 1<<16), batch: s.db.NewBatch(), state: merkle.State{}}
	i.nodes = &overlay{store: s, changed: map[string][]byte{}}
	i.state.Nodes = i.nodes
	err := errors.Join(i.run(height, want), i.batch.Close())
	if err != nil {
		// What was written is nobody's; the store is empty again.
		return errors.Join(err, s.db.DeleteRange([]byte{0}, []byte{0xff}, pebble.Sync))
	}
	return nil
}

type importer struct {
	store *Store
	r     *bufio.Reader
	batch *pebble.Batch
	nodes *overlay
	state merkle.State
	log   merkle.Builder
	count int
}

func (i *importer) field() ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(i.r, n[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImport, err)
	}
	size := binary.BigEndian.Uint32(n[:])
	if size > maxField {
		return nil, fmt.Errorf("%w: field of %d bytes", ErrImport, size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(i.r, b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImport, err)
	}
	return b, nil
}

func (i *importer) run(height int64, want canon.Digest) error {
	raw, err := i.field()
	if err != nil {
		return err
	}
	var at position
	if err := canon.DecodeCBOR(raw, &at); err != nil {
		return fmt.Errorf("%w: %w", ErrImport, err)
	}
	if at.Height != height || at.Root.AppHash() != want {
		return fmt.Errorf("%w: height %d, app hash %s", ErrImport, at.Height, at.Root.AppHash())
	}
	for range at.Root.LogSize {
		if err := i.leaf(); err != nil {
			return err
		}
	}
	if err := i.records(); err != nil {
		return err
	}
	if err := i.tags(); err != nil {
		return err
	}
	got := chain.Root{LogRoot: i.log.Root(), LogSize: i.log.Size(), StateRoot: i.state.Root, Version: at.Root.Version}
	if got != at.Root || i.state.Count != at.Count {
		return fmt.Errorf("%w: it holds something else than its root says", ErrImport)
	}
	if err := i.batch.Set([]byte("m"), raw, nil); err != nil {
		return err
	}
	if err := i.batch.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	i.batch = i.store.db.NewBatch()
	i.store.begin(at)
	return nil
}

// begin makes the store stand where an import put it.
func (s *Store) begin(at position) {
	s.cache.forget()
	view := s.newView(at)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.views {
		v.drop()
	}
	s.views = []*View{view}
}

func (i *importer) leaf() error {
	packed, err := i.field()
	if err != nil {
		return err
	}
	tx, err := i.field()
	if err != nil {
		return err
	}
	leaf, err := chain.UnpackLeaf(packed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrImport, err)
	}
	if canon.Sum(tx) != leaf.Tx {
		return fmt.Errorf("%w: leaf %d is of another transaction", ErrImport, i.log.Size())
	}
	at := u64(i.log.Size())
	i.log.Stored = func(h merkle.Hash) { packed = append(packed, h[:]...) }
	i.log.Append(leaf.Hash())
	err = errors.Join(
		i.batch.Set(join("l", at), packed, nil),
		i.batch.Set(join("t", at), tx, nil),
		i.batch.Set(join("o", leaf.Operation[:]), at, nil),
	)
	for _, sig := range ledger.Signatures(tx) {
		err = errors.Join(err, i.batch.Set(join("r", sig.KeyID[:], sig.Bytes[:32]), sig.Digest[:], nil))
	}
	return errors.Join(err, i.step())
}

// step writes what has gathered, now and then.
func (i *importer) step() error {
	if i.count++; i.count%importing != 0 {
		return nil
	}
	if err := i.batch.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	i.batch = i.store.db.NewBatch()
	return nil
}

func (i *importer) records() error {
	var changes []merkle.Change
	for {
		key, err := i.field()
		if err != nil {
			return err
		}
		if len(key) > 0 {
			value, err := i.field()
			if err != nil {
				return err
			}
			changes = append(changes, merkle.Change{Path: merkle.Path(key), Value: merkle.ValueHash(value)})
			if err := errors.Join(i.batch.Set(join("s", key), value, nil), i.step()); err != nil {
				return err
			}
		}
		if len(changes) == importing || len(key) == 0 {
			sortChanges(changes)
			if err := i.state.Update(changes); err != nil {
				return fmt.Errorf("%w: %w", ErrImport, err)
			}
			if err := i.nodes.flush(i.batch); err != nil {
				return err
			}
			// The next update reads what this one wrote.
			if err := i.batch.Commit(pebble.NoSync); err != nil {
				return fmt.Errorf("chain store: %w", err)
			}
			i.batch, changes = i.store.db.NewBatch(), changes[:0]
			i.store.cache.forget()
		}
		if len(key) == 0 {
			return nil
		}
	}
}

func (i *importer) tags() error {
	for {
		key, err := i.field()
		if err != nil || len(key) == 0 {
			return err
		}
		if err := errors.Join(i.batch.Set(join("g", key), nil, nil), i.step()); err != nil {
			return err
		}
	}
}
