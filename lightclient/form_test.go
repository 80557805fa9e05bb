package lightclient

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"theriac/canon"
)

// mixedBlock returns a block of four validators: two votes for it, one for nil
// and one absent.
func mixedBlock(t testing.TB) (Trust, LightBlock) {
	t.Helper()
	k := keyring{}
	set := k.newSet(0, 50, 30, 10, 10)
	b := fromComet(k.sign(t, newHeader(7, set, set), set, commit, commit, none, absent))
	return Trust{ChainID: chainID, Validators: b.Validators}, b
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := canon.JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Attack: one bit of a genuine block is turned over, wherever it lies.
func TestEveryFlippedBitIsRefused(t *testing.T) {
	trust, good := mixedBlock(t)
	raw := mustJSON(t, good)
	verdict := func(raw []byte) error {
		var b LightBlock
		if err := canon.DecodeJSON(raw, &b); err != nil {
			return err
		}
		_, err := Verify(trust, []LightBlock{b})
		return err
	}
	if err := verdict(raw); err != nil {
		t.Fatalf("the block itself: %v", err)
	}
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			if verdict(raw) == nil {
				t.Errorf("byte %d of %d, bit %d: …%s… is accepted", i, len(raw), bit, raw[max(0, i-20):min(len(raw), i+20)])
			}
			raw[i] ^= 1 << bit
		}
	}
}

func TestIntSpelling(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Int
		good bool
	}{
		{"0", 0, true},
		{"9007199254740991", maxInt, true},
		{"9007199254740992", 0, false},
		{"9007199254740993", 0, false},
		{"18446744073709551616", 0, false},
		{"-1", 0, false},
		{"-0", 0, false},
		{"1.0", 0, false},
		{"1e3", 0, false},
		{"01", 0, false},
		{`"1"`, 0, false},
		{"null", 0, false},
		{"1_0", 0, false},
	} {
		got := struct {
			N Int `json:"n"`
		}{}
		err := canon.DecodeJSON([]byte(`{"n":`+tt.in+`}`), &got)
		if (err == nil) != tt.good || tt.good && got.N != tt.want {
			t.Errorf("decode %s = %d, %v, want %d", tt.in, got.N, err, tt.want)
		}
	}
}

func TestTimeSpelling(t *testing.T) {
	for _, tt := range []struct {
		in   string
		good bool
	}{
		{"2026-03-01T08:30:07.120000000Z", true},
		{"0001-01-01T00:00:00.000000001Z", true},
		{"9999-12-31T23:59:59.999999999Z", true},
		{"1969-12-31T23:59:59.999999999Z", true},
		{"", true},
		{"0001-01-01T00:00:00.000000000Z", false},
		{"2026-03-01T08:30:07.12Z", false},
		{"2026-03-01T08:30:07Z", false},
		{"2026-03-01T08:30:07.1200000001Z", false},
		{"2026-03-01T08:30:07,120000000Z", false},
		{"2026-03-01T08:30:07.120000000z", false},
		{"2026-03-01t08:30:07.120000000Z", false},
		{"2026-03-01 08:30:07.120000000Z", false},
		{"2026-03-01T08:30:07.120000000+00:00", false},
		{"2026-03-01T09:30:07.120000000+01:00", false},
		{"2026-02-29T08:30:07.120000000Z", false},
		{"2026-03-01T24:00:00.000000000Z", false},
		{"2026-03-01T08:30:60.000000000Z", false},
		{"02026-03-01T08:30:07.120000000Z", false},
		{"10000-01-01T00:00:00.000000000Z", false},
		{" 2026-03-01T08:30:07.120000000Z", false},
	} {
		var v Time
		err := v.UnmarshalText([]byte(tt.in))
		if (err == nil) != tt.good || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("UnmarshalText(%q) = %v, want good: %t", tt.in, err, tt.good)
		}
		if err != nil {
			continue
		}
		if out, err := v.MarshalText(); err != nil || string(out) != tt.in {
			t.Errorf("MarshalText = %q, %v, want %q", out, err, tt.in)
		}
	}
	// Another zone is the same instant and the same text; years that RFC 3339
	// has not are no text.
	east := time.FixedZone("", 3600)
	if out, err := Time(time.Date(2026, 3, 1, 9, 30, 0, 0, east)).MarshalText(); err != nil || string(out) != "2026-03-01T08:30:00.000000000Z" {
		t.Errorf("MarshalText = %q, %v", out, err)
	}
	for _, year := range []int{-1, 0, 10000} {
		if out, err := Time(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)).MarshalText(); !errors.Is(err, ErrMalformed) {
			t.Errorf("MarshalText of year %d = %q, %v, want %v", year, out, err, ErrMalformed)
		}
	}
}

// Spellings that a bundle must not have a second one of.
func TestOtherSpellingsAreRefused(t *testing.T) {
	_, b := mixedBlock(t)
	b.Header.LastBlockID = BlockID{} // as at height 1
	good := string(mustJSON(t, b))
	const zeroHash = `"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`
	if !strings.Contains(good, `"last_block_id":{"hash":`+zeroHash) || !strings.Contains(good, `{"address":"","flag":1,"signature":"","timestamp":""}`) {
		t.Fatalf("the form changed: %s", good)
	}
	for _, tt := range []struct{ name, old, new string }{
		{"empty hash as empty text", zeroHash, `""`},
		{"empty hash as null", zeroHash, `null`},
		{"absent vote's null", `"signature":""`, `"signature":null`},
		{"absent vote's zero time", `"timestamp":""`, `"timestamp":"0001-01-01T00:00:00.000000000Z"`},
		{"absent vote cut short", `{"address":"","flag":1,"signature":"","timestamp":""}`, `{"flag":1}`},
		{"member too many", `{"commit":`, `{"adress":"","commit":`},
		{"proposer priority", `,"power":50`, `,"power":50,"proposer_priority":0`},
		{"padding", `","flag":2`, `=","flag":2`},
		{"member names in capitals", `"round":0`, `"Round":0`},
		{"round as float", `"round":0`, `"round":0.0`},
		{"flag beyond a byte", `"flag":1`, `"flag":257`},
	} {
		bad := strings.Replace(good, tt.old, tt.new, 1)
		if bad == good {
			t.Fatalf("%s: nothing to replace", tt.name)
		}
		if err := canon.DecodeJSON([]byte(bad), new(LightBlock)); !errors.Is(err, canon.ErrNotCanonical) {
			t.Errorf("%s: DecodeJSON = %v, want %v", tt.name, err, canon.ErrNotCanonical)
		}
	}
}

func FuzzDecodeLightBlock(f *testing.F) {
	_, b := mixedBlock(f)
	f.Add(mustJSON(f, b))
	b.Header.LastBlockID, b.Commit.Signatures = BlockID{}, b.Commit.Signatures[:1]
	f.Add(mustJSON(f, b))
	f.Add(mustJSON(f, LightBlock{}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var b LightBlock
		if canon.DecodeJSON(raw, &b) != nil {
			return
		}
		if again, err := canon.JSON(b); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("accepted %q, writes %q, %v", raw, again, err)
		}
		// Whatever was decoded, Verify answers and does not panic; and it trusts
		// no set that the block brings for its own header alone.
		trust := Trust{ChainID: b.Header.ChainID, Validators: b.Validators}
		if h, err := Verify(trust, []LightBlock{b}); err == nil && h.Hash() != b.Commit.BlockID.Hash {
			t.Fatalf("accepted %q", raw)
		}
	})
}

func FuzzDecodeTrust(f *testing.F) {
	trust, b := mixedBlock(f)
	f.Add(mustJSON(f, trust))
	f.Add(mustJSON(f, Trust{ChainID: "x", Height: math.MaxInt32}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var trust Trust
		if canon.DecodeJSON(raw, &trust) != nil {
			return
		}
		if again, err := canon.JSON(trust); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("accepted %q, writes %q, %v", raw, again, err)
		}
		_, _ = Verify(trust, []LightBlock{b})
	})
}
