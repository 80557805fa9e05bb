package genuine_test

import (
	"bytes"
	"crypto/ecdh"
	"encoding/json"
	"os"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
)

const goldenCodes = "../testdata/genuine/codes.json"

// vectors are what web/src/verify/redeem is held to.
type vectors struct {
	Typed   []typed   `json:"typed"`
	Cut     []cut     `json:"cut"`
	Redeems []redeems `json:"redeems"`
}

type typed struct {
	Text string      `json:"text"`
	Code canon.Bytes `json:"code,omitzero"` // none: not a code
}

type cut struct {
	Text string `json:"text"`
	Link string `json:"link"`
	Code string `json:"code,omitempty"`
}

type redeems struct {
	Printed string       `json:"printed"`
	Chain   string       `json:"chain"`
	GTIN    gs1.GTIN     `json:"gtin"`
	Serial  gs1.Serial   `json:"serial"`
	Batch   canon.Digest `json:"batch"`
	Index   uint64       `json:"index"`
	Browser canon.Bytes  `json:"browser"`
	Key     canon.Bytes  `json:"key"`
	Mark    canon.Digest `json:"mark"`
	Signed  canon.Bytes  `json:"signed"`
	Proof   canon.Bytes  `json:"proof"`
}

func codeVectors(t *testing.T) *vectors {
	t.Helper()
	v := &vectors{}
	good := genuine.NewCode([]byte("secret"), "A1")
	for _, text := range []string{
		good.Printed(), "z8xaj9-m06xq9-kzqk06-kbxjw5m4", " 0000 0000 0000 0000 0000 0000 00 ", "OOOOOO-IIIIII-LLLLLL-OOOOOOOO",
		"ooooooiiiiiillllllOOOOOOOO", "7ZZZZZ-ZZZZZZ-ZZZZZZ-ZZZZZZZW", "7ZZZZZ-ZZZZZZ-ZZZZZZ-ZZZZZZZZ", "", "0", "00000000000000000000000000\n",
		"000000000000000000000000000", "0000000000000000000000000", "0000000000000000000000000U", "0000000000000000000000000=", "0000000000000000000000000ß",
		"ıııııııııııııııııııııııııı", "0000000000000000000000000\u00a00", "0000000000000000000000000\u212a",
	} {
		x := typed{Text: text}
		if c, err := genuine.ParseCode(text); err == nil {
			x.Code = c[:]
		}
		v.Typed = append(v.Typed, x)
	}
	link := "https://m.example/01/09521141200018/21/A1"
	for _, text := range []string{link, link + "#c=" + good.Fragment()[2:], link + "#", link + "#c=", link + "#d=1&c=X&c=Y", link + "#cc=1", "#c=1", "#trust=x", "(01)09521141200018(21)A#c=1", ""} {
		x := cut{Text: text}
		x.Link, x.Code = genuine.CutFragment(text)
		v.Cut = append(v.Cut, x)
	}
	for i, pack := range []gs1.SGTIN{{GTIN: "09521141200018", Serial: "A1"}, {GTIN: "04000003000010", Serial: "%/+_\"!x"}, {GTIN: "09521141200018", Serial: "00000000000000000001"}} {
		v.Redeems = append(v.Redeems, redeemVector(t, byte(i), pack))
	}
	return v
}

func redeemVector(t *testing.T, i byte, pack gs1.SGTIN) redeems {
	t.Helper()
	browser, err := ecdh.P256().NewPrivateKey(bytes.Repeat([]byte{i + 1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	code := genuine.NewCode([]byte{i}, pack.Serial)
	r := chain.Redeem{Batch: canon.Sum([]byte{i}), Index: uint64(i) << (25 * i), Browser: browser.PublicKey().Bytes()}
	const name = "theriac-demo"
	if err := code.Redeem(name, pack, &r); err != nil {
		t.Fatal(err)
	}
	return redeems{
		Printed: code.Printed(), Chain: name, GTIN: pack.GTIN, Serial: pack.Serial, Batch: r.Batch, Index: r.Index, Browser: r.Browser, Key: r.Key,
		Mark: canon.Digest(chain.MarkLeaf(chain.Verification(r.Key))), Signed: r.Redeemed(name), Proof: r.Proof,
	}
}

// What browsers derive from a code and sign with it is held to these vectors.
func TestGoldenCodes(t *testing.T) {
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(codeVectors(t)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(goldenCodes, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenCodes)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is not what codes are now: make golden, and read the diff", goldenCodes)
	}
}
