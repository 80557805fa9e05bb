package pedigree

import (
	"math"
	"time"
)

// A Place is a cell of Table 2.
type Place struct {
	Phase Phase
	Role  Role
}

// A Costs counts what a run costs, by phase and role.
type Costs struct {
	Ops      map[Place]*Ops
	Bits     map[Phase]int // messages, at the printed widths
	Rounds   map[Phase]int // messages
	Uploaded map[Phase]int // (ID_BC, BC), which Table 3 leaves out
}

func newCosts() *Costs {
	return &Costs{map[Place]*Ops{}, map[Phase]int{}, map[Phase]int{}, map[Phase]int{}}
}

// At returns the counter of a place.
func (c *Costs) At(p Phase, r Role) *Ops {
	at := Place{p, r}
	if c.Ops[at] == nil {
		c.Ops[at] = new(Ops)
	}
	return c.Ops[at]
}

func (c *Costs) sent(p Phase, bits int) {
	c.Bits[p] += bits
	c.Rounds[p]++
}

// A Count is an entry of Table 2.
type Count struct{ Mul, Hash, Cmp, Sig int }

// Count returns the operations as Table 2 counts them.
func (o Ops) Count() Count { return Count{o.PointMul + o.ModMul, o.Hash, o.Cmp, o.Sig} }

// Table2 is the printed Table 2; what is not in it is N/A.
var Table2 = map[Place]Count{
	{Registration, BCC}: {Mul: 1},
	{Development, DM}:   {7, 3, 2, 2},
	{Development, MS}:   {7, 3, 2, 2},
	{Approval, DM}:      {7, 3, 2, 3},
	{Approval, DA}:      {7, 3, 2, 3},
	{Distribution, DM}:  {7, 3, 2, 2},
	{Distribution, DD}:  {7, 3, 2, 3},
}

// A Link is a column of Table 3.
type Link struct {
	Name string
	Rate float64       // bits a second
	Unit time.Duration // of the printed times
}

// Links are the columns of Table 3.
var Links = [3]Link{
	{"3.5G", 14e6, time.Millisecond},
	{"4G", 100e6, time.Millisecond},
	{"5G", 20e9, time.Microsecond},
}

// Time returns how long the bits take, in the link's unit and rounded to three
// places, as Table 3 prints it.
func (l Link) Time(bits int) float64 {
	return math.Round(float64(bits)/l.Rate/l.Unit.Seconds()*1000) / 1000
}

// A Comm is a row of Table 3; Times are in the units of Links.
type Comm struct {
	Bits, Rounds int
	Times        [3]float64
}

// Table3 is the printed Table 3; the first row is for one role.
var Table3 = map[Phase]Comm{
	Registration: {480, 2, [3]float64{0.034, 0.005, 0.024}},
	Development:  {1520, 2, [3]float64{0.109, 0.015, 0.076}},
	Approval:     {1760, 2, [3]float64{0.126, 0.018, 0.088}},
	Distribution: {1840, 2, [3]float64{0.131, 0.018, 0.092}},
}

// A Widths says how many bits things take. Key is a private key, a public key,
// r or s.
type Widths struct{ Key, Hash, Cert, Other int }

// Printed are the widths of V-I. Cert is not stated: "3 ECDSA keys and
// signatures" in DM→DD are r, s and Cert_D.
var Printed = Widths{Key: 160, Hash: 160, Cert: 160, Other: 80}

// Bits returns the length of a phase's messages at other widths.
func (w Widths) Bits(p Phase) int {
	if p == Registration {
		return 2*w.Other + 2*w.Key
	}
	sum := 0
	for x := DMMS; x <= DDDM; x++ {
		if x.Phase() == p {
			sum += x.bits(w)
		}
	}
	return sum
}

// bits returns the length of one message.
func (x Exchange) bits(w Widths) int {
	sum := 2 * w.Key // (r, s)
	for _, f := range x.Fields() {
		switch f {
		case Prev:
			sum += w.Hash
		case Cert:
			sum += w.Cert
		case Date, Cost: // parts of M, which Detail counts
		default:
			sum += w.Other
		}
	}
	return sum
}
