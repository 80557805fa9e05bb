package label

import (
	"bytes"
	"fmt"
	"image"
	"path/filepath"
	"strings"
	"testing"

	"theriac/genuine"
	"theriac/gs1"
)

func codeOf(serial gs1.Serial) genuine.Code { return genuine.NewCode([]byte("of the batch"), serial) }

// What is under the coating says the code twice, to people and to a phone, which keeps
// it to itself; the part that is seen says nothing of it, to either.
func TestCodesAreReadBack(t *testing.T) {
	need(t, "ZXingReader")
	need(t, "pdftoppm")
	for _, sheet := range []string{"2x7", "3x8", "roll"} {
		for _, symbology := range []Symbology{DataMatrix, QR} {
			t.Run(sheet+" "+string(symbology), func(t *testing.T) {
				t.Parallel()
				s, err := ParseSheet(sheet)
				if err != nil {
					t.Fatal(err)
				}
				readCodesBack(t, Job{Sheet: s, Symbology: symbology, Server: server + "/", Product: "Theriacin 500 mg", Code: codeOf, Now: today})
			})
		}
	}
}

func readCodesBack(t *testing.T, j Job) {
	t.Helper()
	dir, ids := t.TempDir(), packs(min(j.Sheet.PerPage()+1, 3))
	var pdf bytes.Buffer
	if err := j.Print(&pdf, each(ids)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "labels.pdf")
	write(t, name, pdf.Bytes())
	const dpi = 300
	run(t, "pdftoppm", "-r", fmt.Sprint(dpi), "-gray", name, filepath.Join(dir, "page"))
	names, err := filepath.Glob(filepath.Join(dir, "page-*.pgm"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d pages, %v", len(names), err)
	}
	var pages []*image.Gray
	for _, n := range names {
		pages = append(pages, load(t, n))
	}
	var seen, covered []string
	for i, id := range ids {
		page, at := i/j.Sheet.PerPage(), j.Sheet.at(i%j.Sheet.PerPage())
		s, err := EncodeConcealed(id, j.Server, codeOf(id.Serial))
		if err != nil {
			t.Fatal(err)
		}
		left, right, err := at.part(s.size)
		if err != nil {
			t.Fatal(err)
		}
		if right.x < left.x+left.w-margin || right.x+right.w > at.x+at.w-margin+0.01 || right.y+right.h > at.y+at.h-margin+0.01 {
			t.Errorf("%+v lies over %+v, or beyond %+v", right, left, at)
		}
		seen, covered = append(seen, filepath.Join(dir, fmt.Sprintf("seen-%d.png", i))), append(covered, filepath.Join(dir, fmt.Sprintf("covered-%d.png", i)))
		cutOut(t, pages[page], seen[i], box{left.x, left.y, left.w - 0.4, left.h}, dpi)
		// The frame is at its edge, so it is cut with what is around it.
		cutOut(t, pages[page], covered[i], box{right.x - 1.2, right.y - 1.2, right.w + 2.4, right.h + 2.4}, dpi)
		code := codeOf(id.Serial)
		if text := textIn(t, name, page, right); !strings.Contains(text, code.Printed()) || !strings.Contains(text, "Scratchhere") {
			t.Errorf("label %d has %q under the coating, want %s", i, text, code.Printed())
		}
		text := textIn(t, name, page, left)
		if !strings.Contains(text, string(id.Serial)) || strings.Contains(text, code.Printed()[:6]) || strings.Contains(text, code.Printed()[20:]) {
			t.Errorf("label %d shows %q", i, text)
		}
	}
	for i, got := range scan(t, seen) {
		if id, err := gs1.ParseIdentifier(got, today); err != nil || id != ids[i] || strings.Contains(got, "#") {
			t.Errorf("label %d reads %q, which is %+v, %v", i, got, id, err)
		}
	}
	for i, got := range scan(t, covered) {
		link, concealed := genuine.CutFragment(got)
		id, err := gs1.ParseIdentifier(link, today)
		code, bad := genuine.ParseCode(concealed)
		if err != nil || bad != nil || id != ids[i] || code != codeOf(id.Serial) || !strings.HasPrefix(got, "]Q1"+server+"/01/") {
			t.Errorf("under the coating of label %d is %q: %+v, %v, %v", i, got, id, err, bad)
		}
	}
}

// textIn returns what people read in a part of a page, without what is between.
func textIn(t *testing.T, pdf string, page int, at box) string {
	t.Helper()
	n := fmt.Sprint(page + 1)
	// At 254 dots an inch a millimetre has ten.
	mm := func(v float64) string { return fmt.Sprint(int(v*10 + 0.5)) }
	out := run(t, "pdftotext", "-f", n, "-l", n, "-r", "254", "-x", mm(at.x), "-y", mm(at.y), "-W", mm(at.w), "-H", mm(at.h), "-layout", pdf, "-")
	return strings.Join(strings.Fields(out), "")
}
