package label

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"theriac/gs1"
)

const server = "https://med.maker.example:8443"

// today is the day of the tests: it gives dates their century.
var today = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// need skips a test that misses a program of the system's packages, or fails it where
// nothing may be missed.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI misses %s: %v", program, err)
		}
		t.Skipf("SKIPPED, no %s: %v", program, err)
	}
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%.500s", program, err, out)
	}
	return string(out)
}

// scan returns what ZXing reads in images, one symbol in each, as a scanner sends it:
// symbology identifier and data.
func scan(t *testing.T, files []string) []string {
	t.Helper()
	var got []string
	for part := range strings.SplitSeq(run(t, "ZXingReader", append([]string{"-format", "DataMatrix,QRCode"}, files...)...), "File:") {
		identifier, data := "", []byte(nil)
		for l := range strings.Lines(part) {
			name, value, _ := strings.Cut(strings.TrimSpace(l), ":")
			switch value = strings.TrimSpace(value); name {
			case "Identifier":
				identifier = value
			case "Bytes":
				if _, err := fmt.Sscanf(strings.ReplaceAll(value, " ", ""), "%x", &data); err != nil {
					t.Fatalf("bytes %q: %v", value, err)
				}
			}
		}
		if strings.TrimSpace(part) != "" {
			got = append(got, identifier+string(data))
		}
	}
	if len(got) != len(files) {
		t.Fatalf("%d readings of %d images", len(got), len(files))
	}
	return got
}

// codes draws identifiers that packs can have; all characters of GS1's set 82 come.
func codes(n int) []gs1.Identifier {
	text := rapid.StringOfN(rapid.RuneFrom([]rune(gs1.Set82)), 1, 20, 20)
	day := rapid.SampledFrom([]gs1.Date{"", "2027-03", "2028-02-29", "2031-12-31", "1999-01-01"})
	code := rapid.Custom(func(t *rapid.T) gs1.Identifier {
		digits := rapid.StringMatching(`[0-9]{13}`).Draw(t, "digits")
		check, err := gs1.CheckDigit(digits)
		if err != nil {
			t.Fatal(err)
		}
		id := gs1.Identifier{GTIN: gs1.GTIN(digits + string(check)), Expiry: day.Draw(t, "expiry")}
		if rapid.IntRange(0, 9).Draw(t, "lot") > 0 {
			id.Lot = gs1.Lot(text.Draw(t, "lot"))
		}
		if rapid.IntRange(0, 9).Draw(t, "serial") > 0 {
			id.Serial = gs1.Serial(text.Filter(func(s string) bool { return s != "." && s != ".." }).Draw(t, "serial"))
		}
		if id.Lot == "." || id.Lot == ".." {
			id.Lot = "L"
		}
		return id
	})
	out := []gs1.Identifier{
		{GTIN: "09521141200018", Serial: gs1.Serial(gs1.Set82[:20]), Lot: gs1.Lot(gs1.Set82[20:40]), Expiry: "2027-03-31"},
		{GTIN: "09521141200018", Serial: gs1.Serial(gs1.Set82[40:60]), Lot: gs1.Lot(gs1.Set82[60:80])},
		{GTIN: "09521141200018", Lot: gs1.Lot(gs1.Set82[80:]), Expiry: "2027-03-31"},
		{GTIN: "09521141200018"},
	}
	for i := range n {
		out = append(out, code.Example(i))
	}
	return out
}

// Whatever a pack can be named, its symbol says, to a reader that nobody here wrote.
func TestSymbolsAreReadByZXing(t *testing.T) {
	need(t, "ZXingReader")
	dir, ids := t.TempDir(), codes(120)
	for _, tt := range []struct {
		symbology Symbology
		want      string // symbology identifier
	}{{DataMatrix, "]d2"}, {QR, "]Q1"}} {
		var files []string
		for i, id := range ids {
			files = append(files, filepath.Join(dir, fmt.Sprintf("%s-%d.png", tt.symbology, i)))
			write(t, files[i], picture(t, id, tt.symbology))
		}
		for i, got := range scan(t, files) {
			read, err := gs1.ParseIdentifier(got, today)
			if !strings.HasPrefix(got, tt.want) || err != nil || read != ids[i] {
				t.Errorf("%s of %+v reads %q, which is %+v, %v", tt.symbology, ids[i], got, read, err)
			}
			if want := tt.want + server + "/01/"; tt.symbology == QR && !strings.HasPrefix(got, want) {
				t.Errorf("%q does not begin with %s", got, want)
			}
		}
	}
}

func picture(t *testing.T, id gs1.Identifier, s Symbology) []byte {
	t.Helper()
	drawn, err := Encode(id, s, server+"/")
	if err != nil {
		t.Fatalf("Encode(%+v) = %v", id, err)
	}
	raw, err := drawn.PNG(4)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func write(t *testing.T, name string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What zint, whose GS1 rules are its own, encodes for the same elements reads the same,
// FNC1 for FNC1.
func TestZintEncodesTheSame(t *testing.T) {
	need(t, "ZXingReader")
	need(t, "zint")
	dir := t.TempDir()
	var ours, theirs []string
	for i, id := range codes(12) {
		data := "[01]" + string(id.GTIN)
		if id.Expiry != "" {
			digits := strings.ReplaceAll(string(id.Expiry), "-", "") + "00"
			data += "[17]" + digits[2:8]
		}
		for _, v := range [][2]string{{"[10]", string(id.Lot)}, {"[21]", string(id.Serial)}} {
			if v[1] != "" {
				data += v[0] + v[1]
			}
		}
		name := filepath.Join(dir, fmt.Sprint(i))
		run(t, "zint", "--barcode=DATAMATRIX", "--gs1", "--square", "--quietzones", "--scale=3", "--data="+data, "--output="+name+"z.png")
		write(t, name+"o.png", picture(t, id, DataMatrix))
		ours, theirs = append(ours, name+"o.png"), append(theirs, name+"z.png")
	}
	if diff := cmp.Diff(scan(t, theirs), scan(t, ours)); diff != "" {
		t.Errorf("zint -, ours +:\n%s", diff)
	}
}

func each(ids []gs1.Identifier) iter.Seq2[gs1.Identifier, error] {
	return func(yield func(gs1.Identifier, error) bool) {
		for _, id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
}

// packs returns n packs of a batch with usual numbers.
func packs(n int) []gs1.Identifier {
	var out []gs1.Identifier
	for i := range n {
		out = append(out, gs1.Identifier{GTIN: "09521141200018", Serial: gs1.Serial(fmt.Sprintf("YTS96KFP0MFW%04d", i)), Lot: "T261121083102", Expiry: "2029-11-21"})
	}
	return out
}

// Each label of each sheet, printed, has its own symbol in its own place and nothing
// at its edge; and the text that people read stands in the file.
func TestSheetsAreReadBack(t *testing.T) {
	need(t, "ZXingReader")
	need(t, "pdftoppm")
	for _, sheet := range Sheets {
		for _, concealed := range []bool{false, true} {
			s, symbology := sheet, DataMatrix
			if concealed {
				symbology = QR
			}
			t.Run(fmt.Sprintf("%s %s", s.Name, symbology), func(t *testing.T) {
				t.Parallel()
				readBack(t, Job{Sheet: s, Symbology: symbology, Server: server, Product: "Theriacin 500 mg – Θεριακή", Concealed: concealed, Now: today})
			})
		}
	}
}

func readBack(t *testing.T, j Job) {
	t.Helper()
	dir, ids := t.TempDir(), packs(j.Sheet.PerPage()+1)
	var pdf bytes.Buffer
	if err := j.Print(&pdf, each(ids)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "labels.pdf")
	write(t, name, pdf.Bytes())
	text := run(t, "pdftotext", "-raw", name, "-")
	for _, want := range []string{"Theriacin 500 mg", "Θεριακή", "PC: 09521141200018", "SN: YTS96KFP0MFW0000", "Lot: T261121083102", "EXP: 2029-11-21"} {
		if !strings.Contains(text, want) {
			t.Errorf("the file does not say %q", want)
		}
	}
	const dpi = 300
	run(t, "pdftoppm", "-r", fmt.Sprint(dpi), "-gray", name, filepath.Join(dir, "page"))
	names, err := filepath.Glob(filepath.Join(dir, "page-*.pgm"))
	if err != nil || len(names) != 2 {
		t.Fatalf("%d pages, %v", len(names), err)
	}
	pages := []*image.Gray{load(t, names[0]), load(t, names[1])}
	var files []string
	for i := range ids {
		page := pages[i/j.Sheet.PerPage()]
		files = append(files, filepath.Join(dir, fmt.Sprintf("label-%d.png", i)))
		cutOut(t, page, files[i], j.Sheet.at(i%j.Sheet.PerPage()), dpi)
	}
	for i, got := range scan(t, files) {
		if id, err := gs1.ParseIdentifier(got, today); err != nil || id != ids[i] {
			t.Errorf("label %d reads %q, which is %+v, %v", i, got, id, err)
		}
	}
}

// cutOut cuts a label out of its page, and fails if something is at its edge, where a
// printer would spoil it.
func cutOut(t *testing.T, img *image.Gray, to string, place box, dpi float64) {
	t.Helper()
	at := func(v float64) int { return int(v / 25.4 * dpi) }
	r := image.Rect(at(place.x), at(place.y), at(place.x+place.w), at(place.y+place.h)).Intersect(img.Bounds())
	out := image.NewGray(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(out, out.Bounds(), img, r.Min, draw.Src)
	edge := at(1)
	for y := range r.Dy() {
		for x := range r.Dx() {
			inside := x >= edge && y >= edge && x < r.Dx()-edge && y < r.Dy()-edge
			if !inside && out.GrayAt(x, y).Y < 0x80 {
				t.Fatalf("%s has something at its edge, at %d %d of %v", to, x, y, r)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	write(t, to, b.Bytes())
}

// load reads an image of grey bytes (PGM).
func load(t *testing.T, name string) *image.Gray {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var w, h, white int
	if _, err := fmt.Sscanf(string(raw), "P5\n%d %d\n%d\n", &w, &h, &white); err != nil || white != 255 || len(raw) < w*h {
		t.Fatalf("%s: %d × %d of %d, %v", name, w, h, white, err)
	}
	return &image.Gray{Pix: raw[len(raw)-w*h:], Stride: w, Rect: image.Rect(0, 0, w, h)}
}

func TestEncodeRefuses(t *testing.T) {
	const gtin = "09521141200018"
	for _, tt := range []struct {
		name      string
		id        gs1.Identifier
		symbology Symbology
		server    string
		want      error
	}{
		{"nothing", gs1.Identifier{}, DataMatrix, server, ErrCode},
		{"no GTIN", gs1.Identifier{Serial: "A"}, DataMatrix, server, ErrCode},
		{"wrong check digit", gs1.Identifier{GTIN: "09521141200019"}, DataMatrix, server, gs1.ErrCheckDigit},
		{"more than a label has", gs1.Identifier{GTIN: gtin, Production: "2026-01-01"}, DataMatrix, server, ErrCode},
		{"FNC1 in the serial", gs1.Identifier{GTIN: gtin, Serial: "A\x1d10B"}, DataMatrix, server, gs1.ErrCharacter},
		{"the encoder's FNC1", gs1.Identifier{GTIN: gtin, Serial: "A\xe810B"}, DataMatrix, server, gs1.ErrCharacter},
		{"umlaut", gs1.Identifier{GTIN: gtin, Lot: "Ä"}, QR, server, gs1.ErrCharacter},
		{"21 characters", gs1.Identifier{GTIN: gtin, Lot: "123456789012345678901"}, DataMatrix, server, gs1.ErrLength},
		{"six digits for a date", gs1.Identifier{GTIN: gtin, Expiry: "270331"}, DataMatrix, server, gs1.ErrDate},
		{"a dot that browsers swallow", gs1.Identifier{GTIN: gtin, Serial: ".."}, QR, server, gs1.ErrSyntax},
		{"no server", gs1.Identifier{GTIN: gtin}, QR, "", gs1.ErrSyntax},
		{"server with a user", gs1.Identifier{GTIN: gtin}, QR, "https://a@b.example", gs1.ErrSyntax},
		{"server with a query", gs1.Identifier{GTIN: gtin}, QR, "https://b.example?x=", ErrCode},
		{"endless server", gs1.Identifier{GTIN: gtin}, QR, "https://" + strings.Repeat("a", 5000), ErrCode},
		{"another symbol", gs1.Identifier{GTIN: gtin}, "aztec", server, ErrSymbology},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if s, err := Encode(tt.id, tt.symbology, tt.server); !errors.Is(err, tt.want) || s != nil {
				t.Errorf("Encode = %v, %v, want %v", s, err, tt.want)
			}
		})
	}
}

func TestPrintRefuses(t *testing.T) {
	small, err := ParseSheet("5x13")
	if err != nil {
		t.Fatal(err)
	}
	long := []gs1.Identifier{{GTIN: "09521141200018", Serial: "%%%%%%%%%%%%%%%%%%%%", Lot: "%%%%%%%%%%%%%%%%%%%%", Expiry: "2029-11-21"}}
	broken := errors.New("disk broken")
	for _, tt := range []struct {
		name string
		job  Job
		ids  iter.Seq2[gs1.Identifier, error]
		want error
	}{
		{"a letter that the font lacks", Job{Sheet: small, Symbology: DataMatrix, Product: "仁丹"}, each(packs(1)), ErrName},
		{"a letter beyond the fonts", Job{Sheet: small, Symbology: DataMatrix, Product: "💊"}, each(packs(1)), ErrName},
		{"a symbol that would not scan", Job{Sheet: small, Symbology: QR, Server: server, Concealed: true}, each(long), ErrRoom},
		{"text without room", Job{Sheet: small, Symbology: DataMatrix, Concealed: true, Product: "Theriacin"}, each(long), ErrRoom},
		{"a label without room for a covered part", Job{Sheet: small, Symbology: DataMatrix, Server: server, Code: codeOf}, each(packs(1)), ErrRoom},
		{"a pack that cannot be read", Job{Sheet: small, Symbology: DataMatrix}, func(yield func(gs1.Identifier, error) bool) {
			_ = yield(packs(1)[0], nil) && yield(gs1.Identifier{}, broken)
		}, broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := tt.job.Print(&b, tt.ids); !errors.Is(err, tt.want) || b.Len() > 0 {
				t.Errorf("Print = %v and %d bytes, want %v", err, b.Len(), tt.want)
			}
		})
	}
	if err := (Job{Sheet: small, Symbology: DataMatrix, Product: strings.Repeat("Acetylsalicylsäure ", 20)}).Print(io.Discard, each(packs(1))); err != nil {
		t.Errorf("a long name: %v", err)
	}
	for name, parse := range map[string]func(string) error{
		"unknown_sheet":  func(s string) error { _, err := ParseSheet(s); return err },
		"unknown_symbol": func(s string) error { _, err := ParseSymbology(s); return err },
	} {
		for _, s := range []string{"", "4x4", "QR", "3x8 "} {
			if err := parse(s); err == nil {
				t.Errorf("%s: %q is taken", name, s)
			}
		}
	}
}
