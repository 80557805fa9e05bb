// Package label draws what is printed on packs: a GS1 DataMatrix, or a QR code
// that holds the GS1 Digital Link of the organisation's own server, with the text
// beside it that people read; single symbols for screens, and PDF sheets of labels.
//
// It prints what it is given and nothing it cannot print truly: a code that the
// symbol cannot carry, a letter that the font lacks, or a label too small for scanners
// is refused.
package label

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/datamatrix"
	"github.com/boombuler/barcode/qr"

	"theriac/gs1"
	"theriac/refusal"
)

var (
	// ErrSymbology is returned for a symbol that is not drawn here.
	ErrSymbology = refusal.New("unknown_symbol", "there is no such symbol: datamatrix or qr")
	// ErrCode is returned for an identifier that a label does not carry.
	ErrCode = refusal.New("bad_label_code", "a label carries a GTIN, and expiry, lot and serial number if there are any")
)

// A Symbology is a kind of symbol.
type Symbology string

// A DataMatrix is what medicines carry by law; a QR code is what phones open.
const (
	DataMatrix Symbology = "datamatrix"
	QR         Symbology = "qr"
)

// ParseSymbology returns the symbology of a name.
func ParseSymbology(name string) (Symbology, error) {
	switch s := Symbology(name); s {
	case DataMatrix, QR:
		return s, nil
	}
	return "", fmt.Errorf("%w, not %q", ErrSymbology, name)
}

// quiet is the width in modules of the empty margin that a reader needs
// (ISO/IEC 16022 and 18004).
func (s Symbology) quiet() int {
	if s == QR {
		return 4
	}
	return 1
}

// A Symbol is a square of modules, with its quiet zone.
type Symbol struct {
	size int
	dark []bool // by row
}

// Encode returns the symbol of an identifier. server is the address that a Digital
// Link begins with; a DataMatrix needs none.
func Encode(id gs1.Identifier, s Symbology, server string) (*Symbol, error) {
	if id.GTIN == "" || id != (gs1.Identifier{GTIN: id.GTIN, Expiry: id.Expiry, Lot: id.Lot, Serial: id.Serial}) {
		return nil, ErrCode
	}
	var code barcode.Barcode
	switch s {
	case DataMatrix:
		text, err := elementString(id)
		if err != nil {
			return nil, err
		}
		if code, err = datamatrix.Encode(text); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCode, err)
		}
	case QR:
		link, err := id.LinkUnder(strings.TrimRight(server, "/"))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCode, err)
		}
		if code, err = qr.Encode(link, qr.M, qr.Unicode); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCode, err)
		}
	default:
		return nil, fmt.Errorf("%w, not %q", ErrSymbology, s)
	}
	return newSymbol(code, s.quiet()), nil
}

// elementString returns the content of a GS1 DataMatrix: FNC1 in front and between
// elements (General Specifications, section 7.8). gs1 checks the character set, which
// the encoder would not: what is written is ASCII, and none of it is taken for FNC1.
func elementString(id gs1.Identifier) (string, error) {
	text, err := id.ElementString()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrCode, err)
	}
	fnc1 := string([]byte{datamatrix.FNC1})
	return fnc1 + strings.ReplaceAll(text, "\x1d", fnc1), nil
}

func newSymbol(code barcode.Barcode, quiet int) *Symbol {
	b := code.Bounds()
	s := &Symbol{size: b.Dx() + 2*quiet}
	s.dark = make([]bool, s.size*s.size)
	for y := range b.Dy() {
		for x := range b.Dx() {
			light, _, _, _ := code.At(b.Min.X+x, b.Min.Y+y).RGBA()
			s.dark[(y+quiet)*s.size+x+quiet] = light == 0
		}
	}
	return s
}

// runs calls f for each row of dark modules without a gap.
func (s *Symbol) runs(f func(x, y, length int)) {
	for y := range s.size {
		row := s.dark[y*s.size : (y+1)*s.size]
		for x := 0; x < s.size; x++ {
			begin := x
			for x < s.size && row[x] {
				x++
			}
			if x > begin {
				f(begin, y, x-begin)
			}
		}
	}
}

// PNG returns the symbol as an image with so many pixels a module.
func (s *Symbol) PNG(scale int) ([]byte, error) {
	img := image.NewPaletted(image.Rect(0, 0, s.size*scale, s.size*scale), color.Palette{color.White, color.Black})
	s.runs(func(x, y, length int) {
		for row := y * scale; row < (y+1)*scale; row++ {
			for col := x * scale; col < (x+length)*scale; col++ {
				img.SetColorIndex(col, row, 1)
			}
		}
	})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	return b.Bytes(), nil
}

// SVG returns the symbol as a drawing of any size.
func (s *Symbol) SVG() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`, s.size, s.size)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><path d="`, s.size, s.size)
	s.runs(func(x, y, length int) { fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, length, length) })
	b.WriteString(`"/></svg>`)
	return b.Bytes()
}
