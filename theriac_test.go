package theriac_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"theriac"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/lightclient"
	"theriac/merkle"
)

// The whole story, from raw material to the pharmacy, verified with nothing but
// the validators' keys; and what the verdict says of the pack, for people.
func TestGenuine(t *testing.T) {
	s := newScene(t)
	for index, custodian := range []string{s.Pharmacy.GLN, s.Pharmacy.GLN, s.DD.GLN, s.DD.GLN} {
		v := s.show(uint64(index)).Verify(s.trust(), s.now())
		if v.Verdict != theriac.Genuine || v.Step != "" || v.Blame != "" || v.Proven || v.Reason != "" {
			t.Fatalf("pack %d: %+v", index, v)
		}
		for _, c := range v.Checks {
			if !c.OK {
				t.Errorf("pack %d: %v", index, c)
			}
		}
		f, p := &v.Facts, &s.Packs[index]
		if f.SGTIN.GTIN != p.GTIN || f.SGTIN.Serial != p.Serial || f.Lot != p.Lot || f.Expiry != p.Expiry ||
			f.Custodian != custodian || f.State != "active" || f.Certificate.Subject.Number != ledgertest.Number ||
			len(f.Materials) != 1 || f.Materials[0] != s.Lot {
			t.Errorf("pack %d: %+v", index, f)
		}
		if got, want := f.Name(s.DM.GLN), "Drug manufacturer ("+s.DM.GLN+")"; got != want {
			t.Errorf("Name = %q, want %q", got, want)
		}
		if got := f.Name(s.Hospital.GLN); got != s.Hospital.GLN {
			t.Errorf("Name of a stranger = %q, want %q", got, s.Hospital.GLN)
		}
		if !v.BlockTime.Equal(s.Now.Add(time.Second)) {
			t.Errorf("block time %s, want %s", v.BlockTime, s.Now.Add(time.Second))
		}
		var types []string
		for _, x := range f.Exchanges {
			types = append(types, x.Type)
		}
		want := "dmms/1 msdm/1 dmda/1 dadm/1 dmdd/1 dddm/1 dispatch/1 receipt/1"
		if got := strings.Join(types, " "); !strings.HasPrefix(want, got) || index < 2 && got != want {
			t.Errorf("pack %d: exchanges %s, want %s", index, got, want)
		}
	}
}

func TestParseBundleRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing": "", "null": "null", "list": "[]", "empty": "{}", "text": `"theriac/bundle/1"`, "too large": strings.Repeat(" ", theriac.MaxBundle+1),
	} {
		if b, err := theriac.ParseBundle([]byte(raw)); b != nil || !errors.Is(err, theriac.ErrBundle) {
			t.Errorf("%s: ParseBundle = %v, %v, want %v", name, b, err, theriac.ErrBundle)
		}
	}
}

// What can be read and holds nothing is refused, not a crash.
func TestEmptyBundleIsRefused(t *testing.T) {
	v := (&theriac.Bundle{}).Verify(theriac.Trust{}, time.Time{})
	if got := judge(&v); got != ledgerNo {
		t.Errorf("Verify = %+v, want %+v", got, ledgerNo)
	}
}

func TestParseTrust(t *testing.T) {
	pinned, err := os.ReadFile(filepath.Join(bundles, "trust.json"))
	if err != nil {
		t.Fatal(err)
	}
	good := string(pinned)
	if _, err := theriac.ParseTrust([]byte(" " + strings.ReplaceAll(good, ",", ",\n\t"))); err != nil {
		t.Errorf("people lay a file out as they like: %v", err)
	}
	for name, raw := range map[string]string{
		"nothing":            "",
		"empty":              "{}",
		"no chain":           strings.Replace(good, ledgertest.ChainID, "", 1),
		"no age":             strings.Replace(good, `"max_age_seconds":600`, `"max_age_seconds":0`, 1),
		"age missing":        strings.Replace(good, `"max_age_seconds":600,`, ``, 1),
		"negative age":       strings.Replace(good, `"max_age_seconds":600`, `"max_age_seconds":-1`, 1),
		"negative height":    strings.Replace(good, `"height":0`, `"height":-1`, 1),
		"member twice":       strings.Replace(good, `"height":0`, `"height":0,"height":0`, 1),
		"member unknown":     strings.Replace(good, `"height":0`, `"height":0,"skip":true`, 1),
		"member in capitals": strings.Replace(good, `"height":0`, `"Height":0`, 1),
		"no power":           strings.Replace(good, `"power":10`, `"power":0`, 1),
		"out of order":       strings.Replace(good, `"power":10`, `"power":9`, 1),
		"short key":          strings.Replace(good, `"key":"`, `"key":"AA","x":"`, 1),
		"no validators":      good[:strings.Index(good, `"validators"`)] + `"validators":[]}`,
		"two documents":      good + good,
	} {
		if _, err := theriac.ParseTrust([]byte(raw)); !errors.Is(err, theriac.ErrTrust) {
			t.Errorf("%s: ParseTrust = %v, want %v", name, err, theriac.ErrTrust)
		}
	}
}

// The largest age that a trust root can allow does not wrap round to a small one.
func TestMaxAgeDoesNotOverflow(t *testing.T) {
	s := newScene(t)
	out := s.honest()
	for _, age := range []lightclient.Int{600, 9223372036, 9223372037, 18446744074, 1<<53 - 1} {
		out.trust.MaxAge = age
		if v := out.bundle.Verify(out.trust, out.now); v.Verdict != theriac.Genuine {
			t.Errorf("max_age_seconds %d: %s", age, v.Reason)
		}
	}
}

// A record is carried as its proof has it, present or absent.
func TestNewRecord(t *testing.T) {
	s := newScene(t)
	view := s.State.View(t)
	for _, key := range [][]byte{chain.BatchKey(s.Batch), chain.ProductKey("00000000000000")} {
		value, proof, err := view.Record(key)
		if err != nil {
			t.Fatal(err)
		}
		r := theriac.NewRecord(key, value, proof)
		if len(r.Bucket) != 2*len(proof.Bucket) || len(r.Siblings) != len(proof.Siblings) || string(r.Value) != string(value) {
			t.Errorf("NewRecord(%q) = %+v of %+v", key, r, proof)
		}
	}
	if r := theriac.NewRecord([]byte("k"), nil, merkle.StateProof{}); r.Siblings == nil || r.Bucket == nil || r.Value != nil {
		t.Errorf("NewRecord of nothing = %+v, which has two spellings", r)
	}
}

// Only an anchored message is an exchange.
func TestNewExchangeRefuses(t *testing.T) {
	s := newScene(t)
	exchanges := 0
	for i, tx := range s.State.Txs {
		x, err := theriac.NewExchange(tx, uint64(i), &s.State.Leaves[i])
		if err == nil {
			exchanges++
			if x.Leaf.Index != uint64(i) || x.Leaf.Height != s.State.Leaves[i].Height || x.Leaf.Time != s.State.Leaves[i].Time {
				t.Errorf("leaf %d: %+v", i, x.Leaf)
			}
		}
		if _, err := theriac.NewExchange(tx[1:], 0, &chain.Leaf{}); err == nil {
			t.Errorf("leaf %d without its first byte is an exchange", i)
		}
	}
	if exchanges != 8 {
		t.Errorf("%d exchanges, want 8", exchanges)
	}
	for name, tx := range map[string][]byte{
		"no body":    s.DM.Tx(s.Now, chain.KindExchange, chain.Exchange{Message: s.Request.Envelope.Raw()}),
		"no message": s.DM.Tx(s.Now, chain.KindExchange, chain.Exchange{Body: []byte{0x81, 0xa1, 4, 0x41, 1}}),
		"no tx":      s.DM.Tx(s.Now, chain.KindBatch, s.Release),
	} {
		if x, err := theriac.NewExchange(tx, 0, &chain.Leaf{}); err == nil {
			t.Errorf("%s: %+v", name, x)
		}
	}
}

// What ParseBundle accepts has one spelling, and verifying it ends.
func FuzzParseBundle(f *testing.F) {
	var entries []entry
	for _, e := range readIndex(f) {
		raw, _ := readGolden(f, e)
		f.Add(raw)
		entries = append(entries, e)
	}
	_, trust := readGolden(f, entries[0])
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := theriac.ParseBundle(raw)
		if err != nil {
			if !errors.Is(err, theriac.ErrBundle) {
				t.Errorf("ParseBundle = %v, want %v", err, theriac.ErrBundle)
			}
			return
		}
		if again := encode(t, b); string(again) != string(raw) {
			t.Errorf("ParseBundle(%s) writes %s", raw, again)
		}
		v := b.Verify(trust, entries[0].Now)
		if v.Verdict == theriac.Refused && (v.Step == "" || judge(&v).Code == "") {
			t.Errorf("refused without a name: %+v", v)
		}
	})
}

// What ParseTrust accepts is written in one way, which it reads again.
func FuzzParseTrust(f *testing.F) {
	for _, name := range []string{"trust.json", "trust-wrong-chain.json"} {
		raw, err := os.ReadFile(filepath.Join(bundles, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		trust, err := theriac.ParseTrust(raw)
		if err != nil {
			if !errors.Is(err, theriac.ErrTrust) {
				t.Errorf("ParseTrust = %v, want %v", err, theriac.ErrTrust)
			}
			return
		}
		once, err := trust.Encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := theriac.ParseTrust(once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice, err := read.Encode(); err != nil || string(twice) != string(once) {
			t.Errorf("%s is written again as %s (%v)", once, twice, err)
		}
	})
}

// A server that is asked for the evidence of one pack may answer with that of
// another, and a genuine pack may carry a label that lies.
func TestVerifyCode(t *testing.T) {
	raw, err := os.ReadFile("testdata/bundles/genuine.json")
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := os.ReadFile("testdata/bundles/trust.json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := theriac.ParseBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := theriac.ParseTrust(pinned)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 9, 5, 0, 0, time.UTC)
	p := b.Pack.Pack
	whole := gs1.Identifier{GTIN: p.GTIN, Serial: p.Serial, Lot: p.Lot, Expiry: gs1.Date(p.Expiry)}
	for name, tt := range map[string]struct {
		bend func(*gs1.Identifier)
		want theriac.Outcome
	}{
		"as it is":            {func(*gs1.Identifier) {}, theriac.Genuine},
		"no lot, no expiry":   {func(c *gs1.Identifier) { c.Lot, c.Expiry = "", "" }, theriac.Genuine},
		"month of the expiry": {func(c *gs1.Identifier) { c.Expiry = c.Expiry[:7] }, theriac.Genuine}, // its last day
		"day before":          {func(c *gs1.Identifier) { c.Expiry = "2029-03-30" }, theriac.Refused},
		"another expiry":      {func(c *gs1.Identifier) { c.Expiry = "2035-01-01" }, theriac.Refused},
		"another lot":         {func(c *gs1.Identifier) { c.Lot += "X" }, theriac.Refused},
		"another serial":      {func(c *gs1.Identifier) { c.Serial += "X" }, theriac.Refused},
		"another product":     {func(c *gs1.Identifier) { c.GTIN = "09521141200018" }, theriac.Refused},
		"no serial":           {func(c *gs1.Identifier) { c.Serial = "" }, theriac.Refused},
	} {
		code := whole
		tt.bend(&code)
		if v := b.VerifyCode(code, trust, now); v.Verdict != tt.want || v.Verdict == theriac.Refused && v.Step != theriac.StepPack {
			t.Errorf("%s: %s at %s: %s", name, v.Verdict, v.Step, v.Reason)
		}
	}
}
