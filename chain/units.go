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
// holder. Runs stay maximal, so that equal custody has one encoding.
func (p *Page) Hand(from, to uint64, custodian, holder string) {
	old := p.Custody
	if len(old) == 0 {
		old = []Run{{PageUnits, holder}}
	}
	var runs []Run
	put := func(end uint64, who string) {
		switch n := len(runs); {
		case end == 0 || n > 0 && uint64(runs[n-1].End) >= end:
		case n > 0 && runs[n-1].Holder == who:
			runs[n-1].End = uint16(end)
		default:
			runs = append(runs, Run{uint16(end), who})
		}
	}
	for _, r := range old {
		put(min(uint64(r.End), from), r.Holder)
		if uint64(r.End) >= to {
			put(to, custodian)
			put(uint64(r.End), r.Holder)
		}
	}
	if len(runs) == 1 && runs[0].Holder == holder {
		runs = nil
	}
	p.Custody = runs
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
