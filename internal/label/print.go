package label

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"

	"theriac/genuine"
	"theriac/gs1"
)

// A Job says how labels are printed.
type Job struct {
	Sheet     Sheet
	Symbology Symbology
	Server    string // that Digital Links begin with
	Product   string // name of the medicine; may be empty
	Concealed bool   // whether there is a field for a code under a scratch-off layer
	Now       time.Time
	// Code returns a pack's concealed code, for a second part that is to be covered; nil:
	// there is none.
	Code func(gs1.Serial) genuine.Code
}

// caption stands beside the concealed field.
const caption = "Scratch to verify"

// Print writes a PDF with a label of each identifier. An error of packs ends it.
func (j Job) Print(w io.Writer, packs iter.Seq2[gs1.Identifier, error]) error {
	product, err := printable(j.Product)
	if err != nil {
		return err
	}
	p := newPress(j, product)
	n := 0
	for id, err := range packs {
		if err != nil {
			return err
		}
		if n%j.Sheet.PerPage() == 0 {
			p.AddPage()
		}
		if err := p.label(j.Sheet.at(n%j.Sheet.PerPage()), id); err != nil {
			return fmt.Errorf("label %d: %w", n, err)
		}
		n++
	}
	if err := p.Output(w); err != nil {
		return fmt.Errorf("label: %w", err)
	}
	return nil
}

// A press is a PDF in the making.
type press struct {
	*fpdf.Fpdf
	job     Job
	product string
}

const (
	regular = "regular"
	bold    = "bold"
	mono    = "mono" // tells 0 from O and 1 from l
)

func newPress(j Job, product string) *press {
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: j.Sheet.page[0], Ht: j.Sheet.page[1]}})
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(j.Now)
	pdf.SetModificationDate(j.Now)
	pdf.SetTitle("Labels "+product, true)
	pdf.AddUTF8FontFromBytes(regular, "", goregular.TTF)
	pdf.AddUTF8FontFromBytes(bold, "", gobold.TTF)
	pdf.AddUTF8FontFromBytes(mono, "", gomono.TTF)
	pdf.SetLineWidth(0.2)
	return &press{pdf, j, product}
}

// label draws one label.
func (p *press) label(at box, id gs1.Identifier) error {
	if p.job.Code != nil {
		seen, err := p.second(at, id)
		if err != nil {
			return err
		}
		at = seen
	}
	s, err := Encode(id, p.job.Symbology, p.job.Server)
	if err != nil {
		return err
	}
	l, err := at.arrange(s.size, p.job.Concealed)
	if err != nil {
		return err
	}
	lines, size, err := p.fit(l.text, id)
	if err != nil {
		return err
	}
	p.symbol(l.symbol, s)
	y := l.text.y + (l.text.h-float64(len(lines))*leading(size))/2
	for _, line := range lines {
		p.SetFont(line.font, "", size)
		p.Text(l.text.x, y+leading(size)*0.8, line.text)
		y += leading(size)
	}
	if p.job.Concealed {
		p.conceal(l.concealed)
	}
	return p.Error()
}

// symbol fills all modules as one path, between which no viewer shows seams.
func (p *press) symbol(at box, s *Symbol) {
	k := p.GetConversionRatio()
	_, height := p.GetPageSize()
	module := at.w / float64(s.size) * k
	var b strings.Builder
	// Modules count from the top, the page from the bottom.
	fmt.Fprintf(&b, "q 0 g %.5f 0 0 %.5f %.3f %.3f cm\n", module, -module, at.x*k, (height-at.y)*k)
	s.runs(func(x, y, length int) {
		for _, n := range [...]int{x, y, length} {
			b.WriteString(strconv.Itoa(n))
			b.WriteByte(' ')
		}
		b.WriteString("1 re\n")
	})
	b.WriteString("f Q")
	p.RawWriteStr(b.String())
}

// conceal draws the empty field of a code that is to be scratched free.
func (p *press) conceal(at box) {
	size := 4.5
	if at.w > 50 {
		size = 7
	}
	p.SetFont(regular, "", size)
	beside := p.GetStringWidth(caption) + gap
	p.Text(at.x, at.y+at.h/2+size*millimetres*0.35, caption)
	p.Rect(at.x+beside, at.y, at.w-beside, at.h, "D")
}
