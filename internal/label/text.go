package label

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/sfnt"

	"theriac/gs1"
	"theriac/refusal"
)

// ErrName is returned for a name of a product that the font cannot show.
var ErrName = refusal.New("bad_label_name", "the label's font lacks a letter of the product's name")

// millimetres are those of a point.
const millimetres = 25.4 / 72

// Sizes of text in points. Below the least, thermal printers blur.
const largest, least = 10.0, 4.5

// leading is the height of a line of text, in millimetres.
func leading(size float64) float64 { return size * 1.18 * millimetres }

// A line of text has a font.
type line struct{ font, text string }

// printable returns a name in one line. A letter that is not in the font would be
// an empty square, and the name another's.
func printable(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	font, err := sfnt.Parse(gobold.TTF)
	if err != nil {
		return "", fmt.Errorf("label: %w", err)
	}
	var b sfnt.Buffer
	for _, r := range name {
		if i, err := font.GlyphIndex(&b, r); err != nil || i == 0 || r > 0xffff {
			return "", fmt.Errorf("%w: %q", ErrName, r)
		}
	}
	return name, nil
}

// fit returns the text of a label in the largest size that the box has room for. Codes
// are broken, and names shortened, only where no size would do without.
func (p *press) fit(in box, id gs1.Identifier) ([]line, float64, error) {
	for _, allowed := range []struct{ lines, breaks, cuts int }{{2, 0, 0}, {2, 0, 1}, {2, 9, 0}, {2, 9, 1}, {1, 9, 1}} {
		for size := largest; size >= least; size -= 0.5 {
			name, cuts := p.name(in.w, size, allowed.lines)
			codes, breaks := p.codes(in.w, size, id)
			if lines := append(name, codes...); cuts <= allowed.cuts && breaks <= allowed.breaks && float64(len(lines))*leading(size) <= in.h {
				return lines, size, nil
			}
		}
	}
	return nil, 0, fmt.Errorf("%w: the text beside the symbol", ErrRoom)
}

// name breaks the product's name into at most so many lines, and returns how often it
// cut something off.
func (p *press) name(width, size float64, most int) (lines []line, cuts int) {
	p.SetFont(bold, "", size)
	for word := range strings.FieldsSeq(p.product) {
		last := len(lines) - 1
		switch {
		case last >= 0 && p.GetStringWidth(lines[last].text+" "+word) <= width:
			lines[last].text += " " + word
		case len(lines) == most:
			lines[last].text = p.shorten(lines[last].text+" "+word, width)
			return lines, 1
		case p.GetStringWidth(word) > width:
			lines, cuts = append(lines, line{bold, p.shorten(word, width)}), 1
		default:
			lines = append(lines, line{bold, word})
		}
	}
	return lines, cuts
}

// shorten returns as much of a text as there is room for, in the font that is set.
func (p *press) shorten(text string, width float64) string {
	for text != "" && p.GetStringWidth(text+"…") > width {
		_, n := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-n]
	}
	return strings.TrimRight(text, " ") + "…"
}

// codes returns what people read of the codes, as packs in the EU have it: PC, SN, Lot,
// EXP; and how often a value that is too long for a line goes on in the next.
func (p *press) codes(width, size float64, id gs1.Identifier) (lines []line, breaks int) {
	p.SetFont(mono, "", size)
	fits := max(1, int(width/p.GetStringWidth("0")))
	for _, v := range [...][2]string{{"PC", string(id.GTIN)}, {"SN", string(id.Serial)}, {"Lot", string(id.Lot)}, {"EXP", string(id.Expiry)}} {
		if v[1] == "" {
			continue
		}
		text := v[0] + ": " + v[1]
		for len(text) > fits {
			lines = append(lines, line{mono, text[:fits]})
			text = text[fits:]
			breaks++
		}
		lines = append(lines, line{mono, text})
	}
	return lines, breaks
}
