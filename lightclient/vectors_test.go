package lightclient

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/cometbft/cometbft/types"

	"theriac/canon"
)

var update = flag.Bool("update", false, "rewrite testdata from CometBFT's types")

// A vector is a file of testdata: what a verifier in any language must answer.
// Expect is "ok" or the text of the error.
type vector struct {
	Expect string       `json:"expect"`
	Path   []LightBlock `json:"path"`
	Trust  Trust        `json:"trust"`
}

// newVectors makes the vectors from CometBFT's types and keys of fixed seeds.
// Ed25519 is deterministic, so they come out the same every time.
func newVectors(t testing.TB) map[string]vector {
	t.Helper()
	k := keyring{}
	one, four := k.newSet(0, 10), k.newSet(0, 40, 30, 20, 10)
	later, last := k.newSet(2, 30, 30, 30, 30), k.newSet(4, 25, 25, 25, 25)
	kin := k.newSet(1, 30, 30, 30, 30)
	block := func(h *types.Header, set *types.ValidatorSet, flags ...types.BlockIDFlag) LightBlock {
		return fromComet(k.sign(t, h, set, flags...))
	}
	first := newHeader(1, one, one)
	first.LastBlockID, first.AppHash = types.BlockID{}, nil
	root := Trust{ChainID: chainID, Validators: setFromComet(four)}
	mixed := block(newHeader(7, four, later), four, commit, commit, none, absent)
	altered := clone(t, mixed)
	altered.Header.DataHash = canon.Sum([]byte("other transactions"))
	unsigned := clone(t, mixed)
	unsigned.Commit.Signatures[2].Signature[63] ^= 1
	swapped := clone(t, mixed)
	swapped.Validators[0], swapped.Validators[1] = swapped.Validators[1], swapped.Validators[0]
	return map[string]vector{
		"first-block":       {"ok", []LightBlock{block(first, one)}, Trust{ChainID: chainID, Validators: setFromComet(one)}},
		"four-validators":   {"ok", []LightBlock{mixed}, root},
		"announced-set":     {"ok", []LightBlock{mixed, block(newHeader(8, later, later), later)}, root},
		"skipping":          {"ok", []LightBlock{mixed, block(newHeader(20, kin, kin), kin), block(newHeader(21, kin, last), kin), block(newHeader(22, last, last), last, absent)}, root},
		"altered-header":    {ErrMismatch.Error(), []LightBlock{altered}, root},
		"bad-nil-vote":      {ErrSignature.Error(), []LightBlock{unsigned}, root},
		"order-of-set":      {ErrMalformed.Error(), []LightBlock{swapped}, root},
		"two-thirds":        {ErrPower.Error(), []LightBlock{block(newHeader(7, later, later), later, commit, commit, absent, none)}, Trust{ChainID: chainID, Validators: setFromComet(later)}},
		"third-of-trusted":  {ErrUntrusted.Error(), []LightBlock{block(newHeader(7, later, later), later)}, root},
		"not-announced":     {ErrUntrusted.Error(), []LightBlock{mixed, block(newHeader(8, four, four), four)}, root},
		"height-again":      {ErrOrder.Error(), []LightBlock{mixed, mixed}, root},
		"another-chain":     {ErrWrongChain.Error(), []LightBlock{mixed}, Trust{ChainID: "theriac-live", Validators: root.Validators}},
		"key-of-order-one":  {ErrMalformed.Error(), []LightBlock{mixed}, Trust{ChainID: chainID, Validators: []Validator{{Key: Bytes(pointKey(t, smallOrder[0])), Power: 1}}}},
		"nothing-on-a-path": {ErrMalformed.Error(), nil, root},
	}
}

func TestVectors(t *testing.T) {
	made := newVectors(t)
	for name, v := range made {
		file := filepath.Join("testdata", name+".json")
		raw := mustJSON(t, v)
		if *update {
			if err := os.WriteFile(file, raw, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if kept, err := os.ReadFile(file); err != nil || !bytes.Equal(kept, raw) {
			t.Errorf("%s is not what CometBFT's types make (%v): run with -update and read the difference", file, err)
		}
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(made) {
		t.Fatalf("%d files in testdata, %d vectors, %v", len(files), len(made), err)
	}
	refusals := []error{ErrMalformed, ErrWrongChain, ErrOrder, ErrMismatch, ErrUntrusted, ErrPower, ErrSignature}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			v := readVector(t, file)
			got := "ok"
			if _, err := Verify(v.Trust, v.Path); err != nil {
				got = err.Error()
				for _, r := range refusals {
					if errors.Is(err, r) {
						got = r.Error()
					}
				}
			}
			if got != v.Expect {
				t.Errorf("Verify = %s, want %s", got, v.Expect)
			}
		})
	}
}

func readVector(t testing.TB, file string) (v vector) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := canon.DecodeJSON(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
