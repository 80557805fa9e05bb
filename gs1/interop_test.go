package gs1

import (
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/gs1 anew")

// identifiersFile holds what ParseIdentifier makes of good and bad input, for
// readers in other languages: web/src/gs1 must answer the same.
var identifiersFile = filepath.Join("..", "testdata", "gs1", "identifiers.json")

// A reading is one input and what is read from it: an identifier, or nothing if it
// is refused. Host is that of a Digital Link, without a port that is the scheme's own.
type reading struct {
	In   string      `json:"in"`
	Out  *Identifier `json:"out,omitempty"`
	Host string      `json:"host,omitempty"`
}

// A sitting is what was read in one year.
type sitting struct {
	Now      time.Time `json:"now"`
	Readings []reading `json:"readings"`
}

func TestIdentifiersFile(t *testing.T) {
	if *update {
		writeIdentifiersFile(t)
	}
	raw, err := os.ReadFile(identifiersFile)
	if err != nil {
		t.Fatal(err)
	}
	var sittings []sitting
	if err := json.Unmarshal(raw, &sittings); err != nil {
		t.Fatal(err)
	}
	var good, bad int
	for _, s := range sittings {
		for _, want := range s.Readings {
			if diff := cmp.Diff(want, read(t, want.In, s.Now)); diff != "" {
				t.Errorf("ParseIdentifier(%q) at %v (-want +got):\n%s", want.In, s.Now, diff)
			}
			if want.Out != nil {
				good++
			} else {
				bad++
			}
		}
	}
	t.Logf("%d accepted, %d refused", good, bad)
	if good < 200 || bad < 400 {
		t.Errorf("%d accepted and %d refused, want more of both", good, bad)
	}
}

func read(t *testing.T, in string, now time.Time) reading {
	t.Helper()
	id, err := ParseIdentifier(in, now)
	if err != nil {
		return reading{In: in}
	}
	return reading{In: in, Out: &id, Host: hostOf(t, in)}
}

// hostOf asks net/url, which knows nothing of GS1.
func hostOf(t *testing.T, in string) string {
	t.Helper()
	in = strings.Trim(in, " \t\r\n")
	for _, symbology := range []string{"]d1", "]Q1"} {
		in = strings.TrimPrefix(in, symbology)
	}
	if in == "" || !isLetter(in[0]) || strings.HasPrefix(in, "urn:") {
		return ""
	}
	u, err := url.Parse(in)
	if err != nil {
		t.Fatalf("a link that net/url does not read: %v", err)
	}
	own := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return strings.TrimSuffix(strings.ToLower(u.Host), own)
}

func writeIdentifiersFile(t *testing.T) {
	t.Helper()
	const gtin = "(01)09521234543213"
	const mutants = 20
	r := rand.New(rand.NewPCG(1, 2))
	first := sitting{Now: today}
	for _, seed := range readingSeeds {
		if _, err := ParseIdentifier(seed, today); errors.Is(err, ErrUnknownAI) {
			t.Fatalf("seed %q: %v", seed, err)
		}
		first.Readings = append(first.Readings, read(t, seed, today))
		for range mutants {
			if in := mutate(r, seed); utf8.ValidString(in) {
				first.Readings = append(first.Readings, read(t, in, today))
			}
		}
	}
	for _, long := range longInputs {
		first.Readings = append(first.Readings, read(t, long, today))
	}
	sittings := []sitting{first}
	for _, now := range []string{"1999-12-31T23:59:59Z", "2001-01-01T00:00:00+02:00", "2049-12-31T23:59:59Z", "2050-06-01T00:00:00Z", "2099-01-01T00:00:00Z"} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		s := sitting{Now: at}
		for _, yy := range []string{"00", "01", "24", "26", "48", "49", "50", "51", "52", "75", "76", "77", "98", "99"} {
			for _, md := range []string{"0229", "0100", "1231"} {
				s.Readings = append(s.Readings, read(t, gtin+"(17)"+yy+md, at))
			}
		}
		sittings = append(sittings, s)
	}
	raw, err := json.MarshalIndent(sittings, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(identifiersFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(identifiersFile, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// mutate makes the slips of fingers, scanners and liars.
func mutate(r *rand.Rand, s string) string {
	const alphabet = Set82 + Set82 + "\x1d\x1d\\\\ %%(())//..&?=#]@^~\té😀\u0130\u017f"
	letters := []rune(alphabet)
	letter := string(letters[r.IntN(len(letters))])
	i, j := r.IntN(len(s)+1), r.IntN(len(s)+1)
	i, j = min(i, j), max(i, j)
	at := min(i, max(0, len(s)-1))
	switch r.IntN(8) {
	case 0:
		return s[:i] + letter + s[i:]
	case 1:
		return s[:at] + letter + s[min(at+1, len(s)):]
	case 2:
		return s[:at] + s[min(at+1, len(s)):]
	case 3:
		return s[:i] + s[j:]
	case 4:
		return s[:j] + s[i:]
	case 5:
		return s[:i] + strings.ToUpper(s[i:j]) + s[j:]
	case 6:
		other := readingSeeds[r.IntN(len(readingSeeds))]
		return s[:i] + other[min(i, len(other)):]
	}
	// The encoded form of one byte.
	if at < len(s) {
		return s[:at] + strings.ToLower(escape(s[at:at+1], func(byte) bool { return false })) + s[at+1:]
	}
	return s + "%"
}

var readingSeeds = []string{
	"", " ", "\x1d", "Hello World!", "urn:", "]", "]d2", "(", "(01", "(01)", "https://", "0",
	"01095212345432131727033110L/1\x1d21A(1)",
	"\x1d01095212345432131727033110L/1\x1d21A(1)",
	"010952123454321321A(1)\x1d10L/1\x1d17270331",
	"0109521234543213\x1d21A(1)\x1d10L/1\x1d17270331\x1d",
	"]d201095212345432131727033110L/1\x1d21A(1)",
	"]C101095212345432131727033110L/1\x1d21A(1)\r\n",
	"]Q301095212345432131727033110L/1\x1d21A(1)",
	"]e0010952123454321321A", "]J1010952123454321321A",
	`(01)09521234543213(17)270331(10)L/1(21)A\(1)`,
	` (01) 09521234543213 (17)270331 (10)L/1 (21)A\(1) `,
	`(01)09521234543213(21)A\\(1)`,
	`(01)09521234543213(21)!"%&'\()*+,-./:;<=>?_`,
	"(01)09521234543213(17)270300(17)270331",
	"(01)09521234543213(17)270300", "(17)270300", "17270101",
	"(01)09521234543213(21)" + strings.Repeat("x", 20), "(01)09521234543213(21)" + strings.Repeat("x", 21),
	"0109521234543213" + "10ABC12345678921SERIAL1234",
	"(00)340123451111111111(02)09521234543213(10)L", "(01)09521234543213(02)09521234543213",
	"(01)09521234543213(11)250100(17)280229", "(414)4012345000054(254)1", "(417)4012345000009(11)250131",
	"https://id.gs1.org/01/09521234543213/10/L%2F1/21/A%281%29?17=270331",
	"HTTPS://Med.example:8443/p/01/9521234543213/10/L%2f1/21/A(1)?lang=de&17=270331&linkType=gs1:epil#leaflet",
	"http://example.org/gtin/09521234543213/lot/L%2F1/ser/A(1)?17=270331",
	"https://example.org:443/01/09521234543213/21/A", "http://example.org:80/01/02345673",
	"https://user@example.org/01/09521234543213/21/A", "https://example.org:123456/01/09521234543213",
	"https://id.gs1.org/01/09521234543213/21/%2e%2E", "https://id.gs1.org/01/09521234543213/01/09521234543213",
	"https://id.gs1.org/21/A/01/09521234543213", "https://id.gs1.org/01/09521234543213/21/A/10/L",
	"https://id.gs1.org/01/09521234543213?10=L", "https://id.gs1.org/01/09521234543213?17=270331;a=b",
	"https://id.gs1.org/01/09521234543213?11=270331&11=270331", "https://id.gs1.org/00/340123451111111111?02=09521234543213&10=L&foo=%25",
	"https://id.gs1.org/gln/4012345000054/glnx/1", "https://id.gs1.org/417/4012345000054?%ff=%fe",
	"]Q1https://id.gs1.org/01/09521234543213/10/L%2F1/21/A%281%29?17=270331",
	"]d1https://a/417/4012345000054", "]d109521234543213",
	"09521234543213", "9521234543213", "416000336108", "02345673", "]E09521234543213", "]E402345673", "340123451111111111",
	"urn:epc:id:sgtin:9521234.054321.A(1)", "urn:epc:class:lgtin:9521234.054321.L%2F1", "urn:epc:idpat:sgtin:9521234.054321.*",
	"urn:epc:id:sgtin:9521234.054321.*", "urn:epc:id:sscc:4012345.3111111111", "urn:epc:id:sgln:4012345.00005.122",
	"urn:epc:id:sgln:401234500005..0", "urn:epc:id:sgln:401234500005..%30", "urn:epc:id:pgln:4012345.00005",
	"urn:epc:id:pgln:401234500005", "urn:epc:id:sgtin:9521234.054321", "urn:epc:id:sgtin:95212340543219", "urn:epc:id:pgln:4012345.00005.",
}

var longInputs = []string{
	strings.Repeat("0", 2000), strings.Repeat("0", 2001),
	"https://id.gs1.org/01/09521234543213?a=" + strings.Repeat("a", 2000-39), "https://id.gs1.org/01/09521234543213?a=" + strings.Repeat("a", 2001-39),
	strings.Repeat(" ", 2000-14) + "09521234543213", strings.Repeat(" ", 2000) + "09521234543213",
}
