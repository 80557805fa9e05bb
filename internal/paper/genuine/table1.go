package genuine

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// A Column is one of the four perspectives of Table 1.
type Column int

// The columns, in the printed order.
const (
	Exact Column = iota
	Legitimate
	Price // the print's "cost"
	Distinction
)

func (c Column) String() string {
	return [...]string{"exact match with the shipment", "legitimate product", "cost", "distinction per transaction"}[c]
}

// Scores are a row of Table 1: 1 is the lowest, 3 the highest.
type Scores [4]int

// An Outcome is how often an end user was content.
type Outcome struct {
	Column        Column
	What          string
	Named         bool // the print argues by it
	Passed, Tried int  // of 0 tried there is nothing to attack
}

// A Cost is what a transaction takes, in bytes and hashes.
type Cost struct {
	Device  int // constants in a device, or on a tag
	Ledger  int
	Channel int // from supplier to end user, in secret
	Hashes  int // of Key and V, or of the fuzzy extractor, at all ends
}

// Bytes returns what is kept or sent.
func (c Cost) Bytes() int { return c.Device + c.Ledger + c.Channel }

// A Row is a method of Table 1, as printed and as it went.
type Row struct {
	Method   string
	Printed  Scores
	Named    Scores // by what the print argues by
	All      Scores // by everything that was tried
	Outcomes []Outcome
	Genuine  Outcome // of no column: the shipped piece, honest device; not passed is refused falsely
	AtLimit  Outcome // the same, of a piece whose feature is at the limit
	Cost     Cost
	Remark   string // where the scores differ from the printed ones, and by what; or empty
}

// table1 is the printed Table 1.
var table1 = []struct {
	method  string
	printed Scores
	start   func(*rand.Rand) method
}{
	{"Proposed method", Scores{2, 3, 1, 3}, newProposed},
	{"External tag (barcode/RFID)", Scores{1, 1, 3, 1}, newTag},
	{"Mere material", Scores{2, 2, 1, 1}, newMaterial},
	{"PUF", Scores{3, 2, 1, 1}, newPUFMethod},
}

// Table1 runs the four methods against the same attacks, n tries each, and 10·n
// honest readings for noise. The methods are real and the pieces, the instrument's and
// the PUF's noise are simulated.
//
// A score is 1 if every try passed and 3 if none did, and for cost 3 for the fewest
// bytes and 1 for the most, both linear in between.
func Table1(random *rand.Rand, n int) ([]Row, error) {
	if n < 1 {
		return nil, errors.New("genuine: table 1 with no tries")
	}
	rows := make([]Row, 0, len(table1))
	for _, line := range table1 {
		l := &lab{random: random}
		r := Row{Method: line.method, Printed: line.printed}
		for _, a := range attempts {
			o := Outcome{Column: a.column, What: a.what, Named: a.named}
			o.Passed, o.Tried = a.run(l, line.start(random), n)
			r.Outcomes = append(r.Outcomes, o)
		}
		r.Genuine = l.readings("shipped piece, honest device", line.start(random), n, (*lab).legitimate)
		r.AtLimit = l.readings("the same, feature at the limit", line.start(random), n, (*lab).atLimit)
		var err error
		if r.Cost, err = l.costOf(line.start(random)); err != nil {
			return nil, fmt.Errorf("genuine: %s, everybody honest: %w", line.method, err)
		}
		rows = append(rows, r)
	}
	score(rows)
	return rows, nil
}

// readings ships n pieces and reads each of them ten times.
func (l *lab) readings(what string, m method, n int, of func(*lab) piece) Outcome {
	o := Outcome{What: what}
	for range n {
		u := l.transaction()
		p := parcel{of(l), u.ID}
		m.ship(p, u)
		for range 10 {
			o.Tried++
			if m.check(u, m.read(p, u)) == nil {
				o.Passed++
			}
		}
	}
	return o
}

func (l *lab) atLimit() piece { return piece{legitimateHigh, newPUF(l.random)} }

// costOf runs one transaction.
func (l *lab) costOf(m method) (Cost, error) {
	p, u := l.shipped(m)
	err := identify(m, u, m.read(p, u))
	return m.cost(u), err
}

// score fills in Named, All and Remark.
func score(rows []Row) {
	least, most := math.MaxInt, 0
	for _, r := range rows {
		least, most = min(least, r.Cost.Bytes()), max(most, r.Cost.Bytes())
	}
	for i := range rows {
		r := &rows[i]
		for _, c := range []Column{Exact, Legitimate, Distinction} {
			r.Named[c] = r.resisted(c, func(o Outcome) bool { return o.Named })
			r.All[c] = r.resisted(c, func(Outcome) bool { return true })
		}
		price := scale(float64(most-r.Cost.Bytes()) / float64(most-least))
		r.Named[Price], r.All[Price] = price, price
		r.Remark = r.remark()
	}
}

// scale maps 0 … 1 to 1 … 3.
func scale(share float64) int { return 1 + int(math.Round(2*share)) }

// resisted returns the score of a column: the mean share of tries that did not pass.
func (r *Row) resisted(c Column, counts func(Outcome) bool) int {
	share, of := 0.0, 0
	for _, o := range r.Outcomes {
		if o.Column == c && o.Tried > 0 && counts(o) {
			share += 1 - float64(o.Passed)/float64(o.Tried)
			of++
		}
	}
	return scale(share / float64(of))
}

// remark says where and why the experiment disagrees with the print.
func (r *Row) remark() string {
	var out []string
	for c := Exact; c <= Distinction; c++ {
		if r.All[c] == r.Printed[c] && r.Named[c] == r.Printed[c] {
			continue
		}
		why := r.passed(c)
		if c == Price {
			why = fmt.Sprintf("%d bytes and %d hashes, without the instrument", r.Cost.Bytes(), r.Cost.Hashes)
		}
		out = append(out, fmt.Sprintf("%v: printed %d, by what the print names %d, by all %d: %s", c, r.Printed[c], r.Named[c], r.All[c], why))
	}
	return strings.Join(out, ". ")
}

// passed lists what got through in a column.
func (r *Row) passed(c Column) string {
	var out []string
	for _, o := range r.Outcomes {
		if o.Column == c && o.Passed > 0 {
			out = append(out, fmt.Sprintf("%s (%d of %d passed)", o.What, o.Passed, o.Tried))
		}
	}
	return strings.Join(out, "; ")
}
