package ledger

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"theriac/canon"
	"theriac/chain"
	"theriac/merkle"
	"theriac/pedigree"
)

// MaxPacks is the largest number of packs that one transaction may move: a range
// is two numbers, and what it stands for is work for every validator.
const MaxPacks = 1 << 20

// MaxBlockPacks is the same for all transactions of a block. Those that are refused
// after their packs were looked at count: it was the same work.
const MaxBlockPacks = 1 << 24

// A move is a legal transition of packs and who may make it.
type move struct {
	from, to chain.UnitState
	by       []chain.Role
}

var (
	makers   = []chain.Role{chain.Manufacturer}
	shops    = []chain.Role{chain.Pharmacy, chain.Hospital}
	traders  = []chain.Role{chain.Distributor, chain.Manufacturer}
	handlers = []chain.Role{chain.Distributor, chain.Hospital, chain.Manufacturer, chain.Pharmacy}
)

// moves are all legal transitions. Undo is apart: it only takes back. A
// manufacturer makes them for the batches that it released, for no other's.
var moves = []move{
	{chain.UnitInactive, chain.UnitActive, makers},
	{chain.UnitInactive, chain.UnitDestroyed, makers},
	{chain.UnitActive, chain.UnitDispensed, shops},
	{chain.UnitActive, chain.UnitDestroyed, handlers},
	{chain.UnitActive, chain.UnitExported, traders},
	{chain.UnitActive, chain.UnitSampled, []chain.Role{chain.Administration, chain.Manufacturer}},
	{chain.UnitActive, chain.UnitLocked, []chain.Role{chain.Administration, chain.Distributor, chain.Manufacturer}},
	{chain.UnitActive, chain.UnitStolen, handlers},
	{chain.UnitActive, chain.UnitReturned, []chain.Role{chain.Distributor, chain.Hospital, chain.Pharmacy}},
	{chain.UnitLocked, chain.UnitActive, []chain.Role{chain.Administration, chain.Manufacturer}},
	{chain.UnitLocked, chain.UnitDestroyed, []chain.Role{chain.Distributor, chain.Manufacturer}},
	{chain.UnitReturned, chain.UnitActive, traders},
	{chain.UnitReturned, chain.UnitDestroyed, traders},
}

func (t *tx) mayMove(from, to chain.UnitState, holder string) error {
	may := func(r chain.Role) bool { return t.sender.Is(r) && (r != chain.Manufacturer || t.Sender == holder) }
	for _, m := range moves {
		if m.from == from && m.to == to && slices.ContainsFunc(m.by, may) {
			return nil
		}
	}
	return fmt.Errorf("%w: %s to %s by %s", ErrTransition, from, to, t.Sender)
}

// units moves packs from one state to another, all or none: compare and swap.
func (t *tx) units() error {
	var arg chain.Units
	if err := t.body(&arg); err != nil {
		return err
	}
	batch, err := t.batch(arg.Batch)
	if err != nil {
		return err
	}
	if err := t.mayMove(arg.From, arg.To, batch.Holder); err != nil {
		return err
	}
	if arg.To == chain.UnitDispensed || arg.To == chain.UnitExported {
		if err := t.marketable(batch); err != nil {
			return err
		}
	}
	pages := t.pages(arg.Batch, batch)
	ranges, err := t.named(&arg, batch, pages)
	if err != nil {
		return err
	}
	t.tag("batch", arg.Batch)
	if err := pages.swap(ranges, arg.From, arg.To); err != nil {
		return t.late(&arg, pages, ranges, err)
	}
	if err := pages.save(); err != nil {
		return err
	}
	// What is destroyed or stolen stays so.
	if arg.To == chain.UnitDestroyed || arg.To == chain.UnitStolen {
		return nil
	}
	digest, err := rangesDigest(ranges)
	if err != nil {
		return err
	}
	return t.put(chain.UndoKey(t.now, t.op), &chain.Undoable{
		By: t.Sender, Batch: arg.Batch, From: arg.From, To: arg.To, Units: digest, Index: t.index,
	})
}

// countPacks checks ranges in a batch of this size and counts their packs.
func (t *tx) countPacks(ranges []chain.Range, size uint64) error {
	if err := pedigree.CheckRanges(ranges, size); err != nil {
		return err
	}
	n := uint64(0)
	for _, r := range ranges {
		n += r.To - r.From
	}
	return t.work(n)
}

// work counts packs that are named against what a transaction and a block may
// move. They are spent when they are looked at: who names packs that he does not
// have costs nobody much, and must not fill the block with them.
func (t *tx) work(n uint64) error {
	if t.packs += n; t.packs > MaxPacks {
		return fmt.Errorf("%w: %d in one transaction, at most %d", ErrUnits, t.packs, MaxPacks)
	}
	if t.Block.packs+n > MaxBlockPacks {
		return ErrFull
	}
	return nil
}

func (t *tx) spend(n uint64) { t.Block.packs += n }

func rangesDigest(ranges []chain.Range) (canon.Digest, error) {
	raw, err := canon.CBOR(ranges)
	return canon.Hash("theriac/ranges/1", raw), err
}

// named returns the packs that the transaction moves: shown with their place in
// the batch, or as ranges in the sender's custody.
func (t *tx) named(arg *chain.Units, batch *chain.Batch, pages *pages) ([]chain.Range, error) {
	if len(arg.Ranges) > 0 {
		if len(arg.Indexes)+len(arg.Packs)+len(arg.Proof) > 0 {
			return nil, fmt.Errorf("%w: shown and as ranges", ErrUnits)
		}
		if err := t.countPacks(arg.Ranges, batch.Release.Size); err != nil {
			return nil, err
		}
		for _, r := range arg.Ranges {
			if err := pages.custody(r, t.Sender); err != nil {
				return nil, err
			}
		}
		return arg.Ranges, nil
	}
	if len(arg.Indexes) != len(arg.Packs) {
		return nil, fmt.Errorf("%w: %d places, %d packs", ErrUnits, len(arg.Indexes), len(arg.Packs))
	}
	leaves := make([]merkle.IndexedLeaf, len(arg.Indexes))
	for i := range leaves {
		leaves[i] = merkle.IndexedLeaf{Index: arg.Indexes[i], Hash: merkle.LeafHash(arg.Packs[i][:])}
	}
	if err := merkle.VerifyMulti(leaves, batch.Release.Size, arg.Proof, batch.Release.Root); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLeaf, err)
	}
	if err := t.work(uint64(len(leaves))); err != nil {
		return nil, err
	}
	t.spend(uint64(len(leaves)))
	return chain.Ranges(arg.Indexes), nil
}

// late turns the failure of a dispense into an alert if a pack was dispensed
// before: the copy of a code shows here.
func (t *tx) late(arg *chain.Units, pages *pages, ranges []chain.Range, err error) error {
	if arg.To != chain.UnitDispensed || !errors.Is(err, ErrState) {
		return err
	}
	again, readErr := pages.in(ranges, chain.UnitDispensed)
	if readErr != nil {
		return readErr
	}
	if len(again) == 0 {
		return err
	}
	t.alert = &chain.Alert{
		Code: ErrDispensed.Code(), Batch: arg.Batch, Units: again[:min(len(again), 16)],
		By: t.Sender, At: t.now, Index: t.index,
	}
	t.tag("alert-of", pages.holder)
	if t.Sender != pages.holder {
		t.tag("alert-by", t.Sender)
	}
	return fmt.Errorf("%w: alert %s", ErrDispensed, chain.AlertID(t.op))
}

// undo takes a transition back: the same member, within the time allowed, and
// only if every pack is still where the transition put it.
func (t *tx) undo() error {
	var arg chain.Undo
	if err := t.body(&arg); err != nil {
		return err
	}
	key := chain.UndoKey(arg.At, arg.Operation)
	var u chain.Undoable
	ok, err := read(t, key, &u)
	if err != nil {
		return err
	}
	digest, err := rangesDigest(arg.Units)
	if err != nil {
		return err
	}
	if !ok || u.By != t.Sender || t.now-arg.At > t.params.Undo || digest != u.Units {
		return ErrUndo
	}
	batch, err := t.batch(u.Batch)
	if err != nil {
		return err
	}
	if err := t.countPacks(arg.Units, batch.Release.Size); err != nil {
		return err
	}
	t.spend(t.packs)
	pages := t.pages(u.Batch, batch)
	if err := pages.heldSince(arg.Units, &u); err != nil {
		return err
	}
	if err := pages.swap(arg.Units, u.To, u.From); err != nil {
		return err
	}
	t.tag("batch", u.Batch)
	t.delete(key)
	return pages.save()
}

// pages are the pages of one batch that a transaction touches.
type pages struct {
	t       *tx
	id      canon.Digest
	holder  string
	initial chain.UnitState
	loaded  map[uint32]*chain.Page
	changed map[uint32]bool
}

func (t *tx) pages(id canon.Digest, b *chain.Batch) *pages {
	return &pages{t, id, b.Holder, b.Release.Initial, map[uint32]*chain.Page{}, map[uint32]bool{}}
}

// over calls do for the part of r on each page, by place on the page.
func (p *pages) over(r chain.Range, do func(no uint32, page *chain.Page, from, to uint64) error) error {
	for at := r.From; at < r.To; {
		no := uint32(at / chain.PageUnits)
		start := uint64(no) * chain.PageUnits
		end := min(r.To, start+chain.PageUnits)
		page, ok := p.loaded[no]
		if !ok {
			page = &chain.Page{}
			if _, err := read(p.t, chain.UnitsKey(p.id, no), page); err != nil {
				return err
			}
			p.loaded[no] = page
		}
		if err := do(no, page, at-start, end-start); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// custody returns ErrCustody unless who has all packs of r, and spends those that
// it looks at.
func (p *pages) custody(r chain.Range, who string) error {
	return p.over(r, func(no uint32, page *chain.Page, from, to uint64) error {
		p.t.spend(to - from)
		if len(page.Custody) == 0 {
			if p.holder != who {
				return fmt.Errorf("%w: %s has pack %d", ErrCustody, p.holder, uint64(no)*chain.PageUnits+from)
			}
			return nil
		}
		start := uint64(0)
		for _, run := range page.Custody {
			if end := uint64(run.End); start < to && from < end && run.Holder != who {
				return fmt.Errorf("%w: %s has packs of [%d, %d)", ErrCustody, run.Holder, r.From, r.To)
			}
			start = uint64(run.End)
		}
		return nil
	})
}

func (p *pages) hand(r chain.Range, to string) error {
	return p.over(r, func(no uint32, page *chain.Page, a, b uint64) error {
		page.Hand(a, b, to, p.holder)
		p.changed[no] = true
		return nil
	})
}

// passing reports whether packs leave this state and may come into it again by
// somebody else's act.
func passing(s chain.UnitState) bool { return s == chain.UnitLocked || s == chain.UnitReturned }

// heldSince returns ErrUndo if a pack may have left the state since, and come
// back by another's act, which is not for this member to undo.
func (p *pages) heldSince(ranges []chain.Range, u *chain.Undoable) error {
	if !passing(u.To) {
		return nil
	}
	for _, r := range ranges {
		err := p.over(r, func(_ uint32, page *chain.Page, _, _ uint64) error {
			if page.Freed > u.Index+1 {
				return ErrUndo
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// swap puts all packs into state to, or returns ErrState if one is not in from.
func (p *pages) swap(ranges []chain.Range, from, to chain.UnitState) error {
	for _, r := range ranges {
		err := p.over(r, func(no uint32, page *chain.Page, a, b uint64) error {
			for i := a; i < b; i++ {
				if s := page.At(i, p.initial); s != from {
					return fmt.Errorf("%w: pack %d is %s, not %s", ErrState, uint64(no)*chain.PageUnits+i, s, from)
				}
				page.Set(i, to, p.initial)
			}
			p.changed[no] = true
			if passing(from) {
				page.Freed = p.t.index + 1
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// in returns the packs of ranges that are in a state, as the block has them.
func (p *pages) in(ranges []chain.Range, state chain.UnitState) ([]chain.Range, error) {
	clear(p.loaded) // a failed swap has left its marks
	var found []uint64
	for _, r := range ranges {
		err := p.over(r, func(no uint32, page *chain.Page, a, b uint64) error {
			for i := a; i < b; i++ {
				if page.At(i, p.initial) == state {
					found = append(found, uint64(no)*chain.PageUnits+i)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return chain.Ranges(found), nil
}

func (p *pages) save() error {
	for _, no := range slices.Sorted(maps.Keys(p.changed)) {
		page := p.loaded[no]
		key := chain.UnitsKey(p.id, no)
		if page.Blank() {
			p.t.delete(key)
			continue
		}
		if err := p.t.put(key, page); err != nil {
			return err
		}
	}
	return nil
}
