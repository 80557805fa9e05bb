package label

import (
	"fmt"
	"slices"
	"strings"

	"theriac/refusal"
)

var (
	// ErrSheet is returned for a format that there is not.
	ErrSheet = refusal.New("unknown_sheet", "there is no such sheet of labels")
	// ErrRoom is returned for a label that would be cut or not scan.
	ErrRoom = refusal.New("label_too_small", "the label is too small for what it has to show")
)

// A Sheet is a page of labels; a roll has one on each page. Lengths are in millimetres.
type Sheet struct {
	Name          string
	Columns, Rows int
	Width, Height float64 // of a label
	page          [2]float64
	corner        [2]float64 // of the first label: from the left, from the top
	pitch         [2]float64 // from label to label
}

// Sheets are the formats of label stock that offices sell.
var Sheets = []Sheet{
	{"2x7", 2, 7, 99.1, 38.1, a4, [2]float64{4.65, 15.15}, [2]float64{101.6, 38.1}},
	{"3x8", 3, 8, 70, 37, a4, [2]float64{0, 0.5}, [2]float64{70, 37}},
	{"5x13", 5, 13, 38.1, 21.2, a4, [2]float64{4.75, 10.7}, [2]float64{40.6, 21.2}},
	{"roll", 1, 1, 57, 32, [2]float64{57, 32}, [2]float64{}, [2]float64{}},
}

var a4 = [2]float64{210, 297}

// ParseSheet returns the format of a name.
func ParseSheet(name string) (Sheet, error) {
	i := slices.IndexFunc(Sheets, func(s Sheet) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range Sheets {
			names = append(names, s.Name)
		}
		return Sheet{}, fmt.Errorf("%w %q: %s", ErrSheet, name, strings.Join(names, ", "))
	}
	return Sheets[i], nil
}

// PerPage is how many labels a page has.
func (s Sheet) PerPage() int { return s.Columns * s.Rows }

// A box is a place on a page.
type box struct{ x, y, w, h float64 }

// at returns the place of the label with a number on its page.
func (s Sheet) at(i int) box {
	column, row := i%s.Columns, i/s.Columns
	return box{s.corner[0] + float64(column)*s.pitch[0], s.corner[1] + float64(row)*s.pitch[1], s.Width, s.Height}
}

const (
	// margin allows for stock that lies askew in the printer.
	margin = 1.5
	gap    = 1.5
	// A module is as GS1 allows on medicines (General Specifications, symbol
	// specification table 6): 0.255 to 0.99 mm; more than 0.7 only wastes the label.
	minModule, maxModule = 0.255, 0.7
)

// A layout is where the parts of a label are.
type layout struct {
	symbol, text box
	concealed    box // empty if there is none
}

// arrange finds room for a symbol of so many modules.
func (b box) arrange(modules int, concealed bool) (layout, error) {
	in := box{b.x + margin, b.y + margin, b.w - 2*margin, b.h - 2*margin}
	var l layout
	if concealed {
		strip := max(4, b.h/5)
		l.concealed = box{in.x, in.y + in.h - strip, in.w, strip}
		in.h -= strip + 1
	}
	side := max(min(in.h, in.w*0.4, float64(modules)*maxModule), float64(modules)*minModule)
	if side > in.h || side > in.w*0.55 {
		return l, fmt.Errorf("%w: a symbol of %d modules", ErrRoom, modules)
	}
	l.symbol = box{in.x, in.y + (in.h-side)/2, side, side}
	l.text = box{in.x + side + gap, in.y, in.w - side - gap, in.h}
	return l, nil
}
