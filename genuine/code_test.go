package genuine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
)

func TestParseCode(t *testing.T) {
	code := genuine.Code{0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0x84}
	text := code.Printed()
	if text != "ZW0020-G30G2G-C1R814-50P30DGG" {
		t.Fatalf("printed as %s", text)
	}
	for _, s := range []string{
		text, strings.ToLower(text), strings.ReplaceAll(text, "-", ""), strings.ReplaceAll(text, "-", " "), " " + text + "- ",
		strings.ReplaceAll(text, "0", "O"), strings.ReplaceAll(text, "0", "o"), strings.ReplaceAll(text, "1", "l"), strings.ReplaceAll(text, "1", "I"),
		strings.Join(strings.Split(text, ""), " "),
	} {
		if got, err := genuine.ParseCode(s); got != code || err != nil {
			t.Errorf("ParseCode(%q): %v", s, err)
		}
	}
	for name, s := range map[string]string{
		"nothing": "", "short": text[1:], "long": text + "0", "longer by a byte": text + "00", "a U": "U" + text[1:], "a tab": text + "\t", "a line": text + "\n",
		"lines between": strings.ReplaceAll(text, "-", "\r\n"), "bits over": text[:len(text)-1] + "H", "dotless i": strings.ReplaceAll(text, "1", "ı"),
		"long s": "ſ" + text[1:], "wide digits": strings.ReplaceAll(text, "0", "０"), "the visible code": "0104000003000010",
	} {
		if got, err := genuine.ParseCode(s); !errors.Is(err, genuine.ErrCode) || got != (genuine.Code{}) {
			t.Errorf("%s: ParseCode(%q): %v, want ErrCode", name, s, err)
		}
	}
}

// What a person may type has one printed form.
func FuzzParseCode(f *testing.F) {
	f.Add("ZW0020-G30G2G-C1R814-50P30DGG")
	f.Add("zwoo2o g3og2g cir8l4 5op3odgg")
	f.Add("----")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := genuine.ParseCode(s)
		if err != nil {
			return
		}
		if again, err := genuine.ParseCode(c.Printed()); err != nil || again != c {
			t.Errorf("%q: printed as %s, read as another: %v", s, c.Printed(), err)
		}
	})
}

// Codes are no function of what can be seen: without the secret they cannot be told
// from random ones, and those of one secret have nothing in common.
func TestCodesAreUnlinkable(t *testing.T) {
	secret := []byte("batch secret")
	const n = 4096
	seen, ones := map[genuine.Code]bool{}, [128]int{}
	for i := range n {
		c := genuine.NewCode(secret, gs1.Serial(fmt.Sprintf("S%06d", i)))
		if seen[c] {
			t.Fatalf("the code of serial %d is another's", i)
		}
		seen[c] = true
		for j := range ones {
			ones[j] += int(c[j/8] >> (j % 8) & 1)
		}
	}
	for j, k := range ones {
		// Six deviations of 32 to either side.
		if k < n/2-192 || k > n/2+192 {
			t.Errorf("bit %d is set in %d of %d codes", j, k, n)
		}
	}
	if !seen[genuine.NewCode(secret, "S000007")] {
		t.Error("a pack has two codes")
	}
	if genuine.NewCode(secret, "S1") == genuine.NewCode([]byte("another secret"), "S1") {
		t.Error("two batches have one code")
	}
}

// The key is derived of the code and of the pack that it is on.
func TestCodeVerification(t *testing.T) {
	code := genuine.NewCode([]byte("secret"), "S1")
	pack := gs1.SGTIN{GTIN: product, Serial: "S1"}
	first, err := code.Verification(pack)
	if err != nil {
		t.Fatal(err)
	}
	other := code
	other[15] ^= 1
	for name, v := range map[string]func() (canon.Digest, error){
		"another code":   func() (canon.Digest, error) { return other.Verification(pack) },
		"another serial": func() (canon.Digest, error) { return code.Verification(gs1.SGTIN{GTIN: product, Serial: "S2"}) },
		"another product": func() (canon.Digest, error) {
			return code.Verification(gs1.SGTIN{GTIN: "04000003000027", Serial: "S1"})
		},
		"moved border": func() (canon.Digest, error) { return code.Verification(gs1.SGTIN{GTIN: product + "S", Serial: "1"}) },
	} {
		if got, err := v(); err != nil || got == first {
			t.Errorf("%s: %s, %v, want another key", name, got, err)
		}
	}
}

// Nobody redeems by what can be seen, and a relay turns nothing to its own account.
func TestCheckRedeem(t *testing.T) {
	browser := func() []byte {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		pub, err := envelope.KeyOf(key)
		if err != nil {
			t.Fatal(err)
		}
		return pub.Point()
	}
	var marks chain.Hashes
	var packs []gs1.SGTIN
	code := func(i int) genuine.Code { return genuine.NewCode([]byte("secret"), packs[i].Serial) }
	for i := range 5 {
		packs = append(packs, gs1.SGTIN{GTIN: product, Serial: gs1.Serial(fmt.Sprintf("S%d", i))})
		v, err := code(i).Verification(packs[i])
		if err != nil {
			t.Fatal(err)
		}
		marks = append(marks, chain.MarkLeaf(v))
	}
	tree := genuine.NewMarkTree(marks)
	batch := &chain.BatchRelease{Size: 5, Codes: tree.Root()}
	redeem := func(with, on int, change func(r *chain.Redeem)) error {
		path, err := tree.Path(uint64(on))
		if err != nil {
			t.Fatal(err)
		}
		r := chain.Redeem{Batch: canon.Sum([]byte("batch")), Index: uint64(on), Path: path, Browser: browser()}
		if err := code(with).Redeem(chainID, packs[on], &r); err != nil {
			t.Fatal(err)
		}
		change(&r)
		return genuine.CheckRedeem(chainID, &r, batch)
	}
	same := func(*chain.Redeem) {}
	if err := redeem(2, 2, same); err != nil {
		t.Fatal(err)
	}
	if err := redeem(1, 2, same); !errors.Is(err, genuine.ErrCode) {
		t.Errorf("another pack's code: %v, want ErrCode", err)
	}
	for name, change := range map[string]func(r *chain.Redeem){
		"batch": func(r *chain.Redeem) { r.Batch[0] ^= 1 }, "index": func(r *chain.Redeem) { r.Index = 3 },
		"path": func(r *chain.Redeem) { r.Path = r.Path[1:] }, "key": func(r *chain.Redeem) { r.Key[0] ^= 1 },
		"proof": func(r *chain.Redeem) { r.Proof[0] ^= 1 }, "browser": func(r *chain.Redeem) { r.Browser = browser() },
		"no browser": func(r *chain.Redeem) { r.Browser = nil }, "no key": func(r *chain.Redeem) { r.Key, r.Proof = nil, nil },
	} {
		if err := redeem(2, 2, change); !errors.Is(err, genuine.ErrCode) {
			t.Errorf("other %s: %v, want ErrCode", name, err)
		}
	}
	batch.Codes = canon.Digest{}
	if err := redeem(2, 2, same); !errors.Is(err, genuine.ErrCode) {
		t.Errorf("packs without codes: %v, want ErrCode", err)
	}
}
