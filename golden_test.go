package theriac_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"theriac"
	"theriac/canon"
	"theriac/gs1"
)

var update = flag.Bool("update", false, "write testdata/bundles anew")

const bundles = "testdata/bundles"

// An entry is a line of testdata/bundles/index.json: bundle and trust root are
// files beside it, Now is the verifier's clock.
type entry struct {
	Bundle string    `json:"bundle"`
	Trust  string    `json:"trust"`
	Now    time.Time `json:"now"`
	Why    string    `json:"why"`
	sentence
	saying
}

// A saying is what a verdict says beside its outcome.
type saying struct {
	Alerts   []warning     `json:"alerts,omitempty"`
	Measured []measurement `json:"measured,omitempty"`
	Codes    bool          `json:"codes,omitempty"`
	Redeemed *redemption   `json:"redeemed,omitempty"`
}

// A warning is an alert that a verifier shows.
type warning struct {
	Code string    `json:"code"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// A measurement is one that a verifier shows, with the Digital Link of material.
type measurement struct {
	Counter    uint64    `json:"counter"`
	From       string    `json:"from"`
	To         string    `json:"to"`
	Place      string    `json:"place"`
	Registered time.Time `json:"registered"`
	Verified   time.Time `json:"verified,omitzero"`
	Whole      bool      `json:"whole"`
	Material   string    `json:"material,omitempty"`
	Current    bool      `json:"current"`
}

// A redemption is one that a verifier shows.
type redemption struct {
	At      time.Time    `json:"at"`
	By      string       `json:"by"`
	Browser canon.Digest `json:"browser"`
}

func says(v *theriac.Verdict) saying {
	f := &v.Facts
	out := saying{Codes: f.Codes, Redeemed: (*redemption)(f.Redeemed)}
	for _, a := range f.Alerts {
		out.Alerts = append(out.Alerts, warning(a))
	}
	for _, m := range f.Measured {
		out.Measured = append(out.Measured, measurement{
			m.Counter, m.From, m.To, m.Place, m.Registered, m.Verified, m.Whole, linkOf(m.Material), m.Current,
		})
	}
	return out
}

func linkOf(lot *gs1.LGTIN) string {
	if lot == nil {
		return ""
	}
	link, _ := lot.Identifier().DigitalLink()
	return link
}

// unreadable is the verdict of the index on what is no bundle.
const unreadable theriac.Outcome = "unreadable"

// spoiled are bytes that say the same as the genuine bundle, and are not one.
var spoiled = []struct {
	name, why string
	spoil     func(raw string) string
}{
	{"unreadable-space", "a space after the last brace", func(raw string) string { return raw + " " }},
	{"unreadable-order", "members in another order", func(raw string) string {
		typ := `,"type":"` + theriac.BundleType + `"`
		return "{" + typ[1:] + "," + strings.Replace(raw, typ, "", 1)[1:]
	}},
	{"unreadable-twice", "a member that stands twice", func(raw string) string {
		return strings.Replace(raw, `"type":"theriac/bundle/1"`, `"type":"theriac/bundle/1","type":"theriac/bundle/1"`, 1)
	}},
	{"unreadable-unknown", "a member that no bundle has", func(raw string) string { return raw[:len(raw)-1] + `,"verdict":"genuine"}` }},
	{"unreadable-type", "another type", func(raw string) string { return strings.Replace(raw, "theriac/bundle/1", "theriac/bundle/2", 1) }},
	{"unreadable-escape", "a letter written as an escape", func(raw string) string { return strings.Replace(raw, `"S00`, `"\u005300`, 1) }},
	{"unreadable-value", "a body's value in another order of members", func(raw string) string {
		return strings.Replace(raw, `[{"from":0,"to":4}]`, `[{"to":4,"from":0}]`, 1)
	}},
	{"unreadable-number", "a number that not every reader holds", func(raw string) string {
		return strings.Replace(raw, `"pack":{"index":0`, `"pack":{"index":9007199254740993`, 1)
	}},
	{"unreadable-padding", "base64url with padding", func(raw string) string { return strings.Replace(raw, `","parts_total"`, `=","parts_total"`, 1) }},
}

// seed makes keys, salts and signatures of a test the same each time.
func seed(t *testing.T, name string) {
	h := fnv.New64a()
	h.Write([]byte(name))
	cryptotest.SetGlobalRandom(t, h.Sum64())
}

func judge(v *theriac.Verdict) sentence {
	code, _, _ := strings.Cut(v.Reason, ": ")
	return sentence{v.Verdict, v.Step, v.Blame, v.Proven, code}
}

// Every case is made here and now, judged, and kept for other verifiers. The
// files are what is made: a change of the format shows as a difference.
func TestGolden(t *testing.T) {
	seed(t, "scene")
	base := newScene(t)
	keep := keeper{t: t, trusts: map[string]string{}}
	for _, g := range goldens() {
		t.Run(g.name, func(t *testing.T) {
			seed(t, g.name)
			out := g.make(base.fork(t))
			v := out.bundle.Verify(out.trust, out.now)
			if got := judge(&v); got != g.want {
				t.Errorf("Verify = %+v, want %+v (%s)", got, g.want, v.Reason)
			}
			keep.put(t, g, encode(t, out.bundle), out, says(&v))
		})
	}
	seed(t, "spoiled")
	out := base.honest()
	for _, s := range spoiled {
		raw := s.spoil(string(encode(t, out.bundle)))
		if _, err := theriac.ParseBundle([]byte(raw)); !errors.Is(err, theriac.ErrBundle) {
			t.Errorf("%s: ParseBundle = %v, want %v", s.name, err, theriac.ErrBundle)
		}
		keep.put(t, golden{name: s.name, why: s.why, want: sentence{Verdict: unreadable, Code: "bad_bundle"}}, []byte(raw), out, saying{})
	}
	keep.index(t)
}

// A keeper writes the golden files, or compares them.
type keeper struct {
	t       *testing.T
	trusts  map[string]string // name of the file, by what is in it
	entries []entry
	kept    []string
}

func (k *keeper) put(t *testing.T, g golden, raw []byte, out shown, said saying) {
	t.Helper()
	trust, err := out.trust.Encode()
	if err != nil {
		t.Fatal(err)
	}
	name, known := k.trusts[string(trust)]
	if !known {
		name = "trust.json"
		if len(k.trusts) > 0 {
			name = "trust-" + g.name + ".json"
		}
		k.trusts[string(trust)] = name
		k.file(t, name, trust)
	}
	k.file(t, g.name+".json", raw)
	k.entries = append(k.entries, entry{g.name + ".json", name, out.now.UTC(), g.why, g.want, said})
}

func (k *keeper) index(t *testing.T) {
	t.Helper()
	raw, err := json.MarshalIndent(k.entries, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	k.file(t, "index.json", append(raw, '\n'))
	all, err := filepath.Glob(filepath.Join(bundles, "*"))
	if err != nil || len(all) != len(k.kept) {
		t.Errorf("%d files in %s, %d of them are made here (%v)", len(all), bundles, len(k.kept), err)
	}
}

func (k *keeper) file(t *testing.T, name string, raw []byte) {
	t.Helper()
	k.kept = append(k.kept, name)
	path := filepath.Join(bundles, name)
	if *update {
		if err := os.MkdirAll(bundles, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make it with go test . -update)", err)
	}
	if !bytes.Equal(have, raw) {
		t.Errorf("%s is another than is made now; if that is meant: go test . -update", path)
	}
}

// readIndex returns the golden cases as another verifier reads them.
func readIndex(t testing.TB) []entry {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(bundles, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries []entry
	if err := json.Unmarshal(raw, &entries); err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		t.Fatal("no golden bundles")
	}
	return entries
}

// readGolden returns a golden bundle's bytes and its trust root.
func readGolden(t testing.TB, e entry) ([]byte, theriac.Trust) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(bundles, e.Bundle))
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := os.ReadFile(filepath.Join(bundles, e.Trust))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := theriac.ParseTrust(pinned)
	if err != nil {
		t.Fatal(err)
	}
	return raw, trust
}

// The files, read as a third party reads them.
func TestGoldenFiles(t *testing.T) {
	for _, e := range readIndex(t) {
		raw, trust := readGolden(t, e)
		b, err := theriac.ParseBundle(raw)
		if err != nil {
			if e.Verdict != unreadable {
				t.Errorf("%s: %v", e.Bundle, err)
			}
			continue
		}
		v := b.Verify(trust, e.Now)
		if got := judge(&v); got != e.sentence {
			t.Errorf("%s: Verify = %+v, want %+v (%s)", e.Bundle, got, e.sentence, v.Reason)
		}
		if diff := cmp.Diff(e.saying, says(&v)); diff != "" {
			t.Errorf("%s says (-want +got):\n%s", e.Bundle, diff)
		}
		// A verifier changes nothing of what it is given, and says the same again.
		if again := b.Verify(trust, e.Now); judge(&again) != e.sentence || !bytes.Equal(encode(t, b), raw) {
			t.Errorf("%s: verified twice: %+v", e.Bundle, again)
		}
	}
}
