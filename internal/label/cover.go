package label

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"

	"theriac/genuine"
	"theriac/gs1"
)

const (
	// A module of the covered symbol is at most this wide: a phone held close reads it,
	// and the part that is seen keeps its room.
	coveredModule = 0.35
	// The caption stands above the field, and the code in two lines below its symbol.
	coverCaption = "Scratch here"
	coverSize    = 4.5 // points
	coverPad     = 0.6
)

// EncodeConcealed returns the symbol of the part of a label that is to be covered: the
// pack's Digital Link under a server's address, with the code in the fragment. A browser
// keeps that to itself (RFC 9110, section 4.2.5), and the page that opens removes it.
func EncodeConcealed(id gs1.Identifier, server string, code genuine.Code) (*Symbol, error) {
	link, err := id.LinkUnder(strings.TrimRight(server, "/"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCode, err)
	}
	drawn, err := qr.Encode(link+"#"+code.Fragment(), qr.M, qr.Unicode)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCode, err)
	}
	return newSymbol(drawn, QR.quiet()), nil
}

// part parts a label: what is seen, and at its right what is to be covered.
func (b box) part(modules int) (seen, covered box, err error) {
	in := box{b.x + margin, b.y + margin, b.w - 2*margin, b.h - 2*margin}
	around := 3*leading(coverSize) + 2*coverPad
	side := max(min(in.h-around, in.w*0.4, float64(modules)*coveredModule), float64(modules)*minModule)
	if side > in.h-around || side > in.w*0.45 {
		return seen, covered, fmt.Errorf("%w: a covered symbol of %d modules", ErrRoom, modules)
	}
	seen = box{b.x, b.y, b.w - side - gap, b.h}
	return seen, box{in.x + in.w - side, in.y + (in.h-side-around)/2, side, side + around}, nil
}

// second draws the second part of a label and returns the room of the first.
func (p *press) second(at box, id gs1.Identifier) (box, error) {
	code := p.job.Code(id.Serial)
	s, err := EncodeConcealed(id, p.job.Server, code)
	if err != nil {
		return box{}, err
	}
	seen, covered, err := at.part(s.size)
	if err != nil {
		return box{}, err
	}
	return seen, p.cover(covered, s, code)
}

// cover draws the part of a label that is to be covered, in a frame.
func (p *press) cover(at box, s *Symbol, code genuine.Code) error {
	p.SetFont(regular, "", coverSize)
	line := leading(coverSize)
	p.Text(at.x, at.y+line*0.75, coverCaption)
	p.Rect(at.x, at.y+line, at.w, at.h-line, "D")
	p.symbol(box{at.x, at.y + line + coverPad, at.w, at.w}, s)
	p.SetFont(mono, "", coverSize)
	text := code.Printed()
	half := strings.IndexByte(text[7:], '-') + 8
	for i, part := range []string{text[:half], text[half:]} {
		wide := p.GetStringWidth(part)
		if wide > at.w {
			return fmt.Errorf("%w: the code below its symbol", ErrRoom)
		}
		p.Text(at.x+(at.w-wide)/2, at.y+line+coverPad+at.w+line*(float64(i)+0.75), part)
	}
	return nil
}
