package chain

import (
	"fmt"

	"theriac/canon"
)

// A UnitState is the state of one pack: 4 bits.
type UnitState uint8

// The states of a pack (protocols.md section 1).
const (
	UnitInactive UnitState = iota
	UnitActive
	UnitDispensed
	UnitDestroyed
	UnitExported
	UnitSampled
	UnitLocked
	UnitStolen
	UnitReturned
	unitStates
)

var unitNames = [...]string{"inactive", "active", "dispensed", "destroyed", "exported", "sampled", "locked", "stolen", "returned"}

// String returns the state's name.
func (s UnitState) String() string {
	if s < unitStates {
		return unitNames[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Known reports whether s is a state.
func (s UnitState) Known() bool { return s < unitStates }

// ParseUnitState returns the state of this name, or canon.ErrNotCanonical.
func ParseUnitState(name string) (UnitState, error) {
	for s, n := range unitNames {
		if n == name {
			return UnitState(s), nil
		}
	}
	return 0, fmt.Errorf("unit state %q: %w", name, canon.ErrNotCanonical)
}

// PageUnits is the number of packs on a page.
const PageUnits = 2048

// A Page is the state and custody of up to PageUnits packs of a batch. A page
// that the state does not hold has all packs in the batch's initial state, in
// the custody of the batch's holder.
type Page struct {
	States  []byte `cbor:"1,keyasint,omitempty"` // 4 bits a pack, the even pack in the low half; empty: all initial
	Custody []Run  `cbor:"2,keyasint,omitempty"` // empty: all the batch's holder's
	// Freed is one more than the index of the last leaf that let a pack of the page
	// out of locked or returned. An older lock or return cannot be undone then: the
	// pack may have been locked again by somebody else.
	Freed uint64 `cbor:"3,keyasint,omitempty"`
	// Marks say which registration of paper 001 packs have; empty: none.
	Marks []MarkRun `cbor:"4,keyasint,omitempty"`
}

// Blank reports whether the page says nothing.
func (p *Page) Blank() bool {
	return len(p.States)+len(p.Custody)+len(p.Marks) == 0 && p.Freed == 0
}

// A Run says who has the packs of a page up to End (exclusive), from where the
// run before ended.
type Run struct {
	End    uint16 `cbor:"1,keyasint"`
	Holder string `cbor:"2,keyasint"`
}

// At returns the state of pack i of the page, given the batch's initial state.
func (p *Page) At(i uint64, initial UnitState) UnitState {
	if len(p.States) == 0 {
		return initial
	}
	return UnitState(p.States[i/2] >> (4 * (i % 2)) & 15)
}

// Set puts pack i of the page into state s, given the batch's initial state.
func (p *Page) Set(i uint64, s, initial UnitState) {
	if len(p.States) == 0 {
		p.States = make([]byte, PageUnits/2)
		for j := range p.States {
			p.States[j] = byte(initial | initial<<4)
		}
	}
	shift := 4 * (i % 2)
	p.States[i/2] = p.States[i/2]&^(15<<shift) | byte(s)<<shift
}

// Custodian returns who has pack i of the page, given the batch's holder.
func (p *Page) Custodian(i uint64, holder string) string {
	for _, r := range p.Custody {
		if i < uint64(r.End) {
			return r.Holder
		}
	}
	return holder
}

// Hand gives the packs [from, to) of the page to a custodian, given the batch's
// holder.
func (p *Page) Hand(from, to uint64, custodian, holder string) {
	old := make([]run[string], len(p.Custody))
	for i, r := range p.Custody {
		old[i] = run[string]{r.End, r.Holder}
	}
	p.Custody = nil
	for _, r := range assign(old, from, to, custodian, holder) {
		p.Custody = append(p.Custody, Run{r.end, r.value})
	}
}

// A run is the packs of a page up to end with one value.
type run[T comparable] struct {
	end   uint16
	value T
}

// assign gives the packs [from, to) a value, where packs without runs have the initial
// one. Runs stay maximal, and there are none if all are initial, so that what is equal
// has one encoding.
func assign[T comparable](old []run[T], from, to uint64, value, initial T) []run[T] {
	if len(old) == 0 {
		old = []run[T]{{PageUnits, initial}}
	}
	var runs []run[T]
	put := func(end uint64, v T) {
		switch n := len(runs); {
		case end == 0 || n > 0 && uint64(runs[n-1].end) >= end:
		case n > 0 && runs[n-1].value == v:
			runs[n-1].end = uint16(end)
		default:
			runs = append(runs, run[T]{uint16(end), v})
		}
	}
	for _, r := range old {
		put(min(uint64(r.end), from), r.value)
		if uint64(r.end) >= to {
			put(to, value)
			put(uint64(r.end), r.value)
		}
	}
	if len(runs) == 1 && runs[0].value == initial {
		return nil
	}
	return runs
}

// Ranges joins strictly rising indexes to ranges that do not touch.
func Ranges(indexes []uint64) []Range {
	var out []Range
	for _, i := range indexes {
		if n := len(out); n > 0 && out[n-1].To == i {
			out[n-1].To++
			continue
		}
		out = append(out, Range{From: i, To: i + 1})
	}
	return out
}
