package envelope

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/merkle"
)

// bodyOf returns a body of n fields.
func bodyOf(t testing.TB, n int) Body {
	t.Helper()
	members := map[string]int{}
	for i := range n {
		members[fmt.Sprintf("f%02d", i)] = i
	}
	b, err := BodyOf(members, salter())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Attack: withheld fields are shown as one, by the hash of the subtree over them.
// The root over such fields is the same, at every level of the tree; the digest
// is not, so that nobody sees another body than was signed.
func TestSubtreeIsNoField(t *testing.T) {
	for n := 2; n <= MaxFields; n++ {
		b := bodyOf(t, n)
		forged := b.Disclose()
		for len(forged) > 1 {
			forged = collapse(forged)
			if err := forged.check(); err != nil {
				t.Fatal(err)
			}
			if root(forged) != root(b) {
				t.Fatalf("%d fields for %d: another root, so the test tests nothing", len(forged), n)
			}
			if forged.Digest() == b.Digest() {
				t.Errorf("%d fields pass for %d", len(forged), n)
			}
		}
	}
}

// collapse puts the hash of each two fields in their place.
func collapse(b Body) Body {
	var out Body
	for i := 0; i+1 < len(b); i += 2 {
		out = append(out, Field{Hash: merkle.NodeHash(b[i].leaf(), b[i+1].leaf())})
	}
	if len(b)%2 == 1 {
		out = append(out, b[len(b)-1])
	}
	return out
}

func root(b Body) merkle.Hash {
	var leaves []merkle.Hash
	for i := range b {
		leaves = append(leaves, b[i].leaf())
	}
	return merkle.Root(leaves)
}

// The digest is the hash of number and root, made here by hand for four fields.
func TestBodyDigest(t *testing.T) {
	b := bodyOf(t, 4)
	top := merkle.NodeHash(merkle.NodeHash(b[0].leaf(), b[1].leaf()), merkle.NodeHash(b[2].leaf(), b[3].leaf()))
	if got, want := b.Digest(), canon.Hash("theriac/body/1", []byte{4}, top[:]); got != want {
		t.Errorf("Digest = %s, want %s", got, want)
	}
}

// Withholding fields does not change the digest; changing anything does.
func TestBodyDisclosure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z_]{1,8}`), 1, 10, rapid.ID).Draw(t, "names")
		values := rapid.SliceOfN(rapid.String(), len(names), len(names)).Draw(t, "values")
		body := buildBody(t, names, values)
		shown := body.Disclose(rapid.SliceOf(rapid.SampledFrom(names)).Draw(t, "shown")...)
		if shown.Digest() != body.Digest() {
			t.Fatal("withholding changes the digest")
		}
		if err := shown.check(); err != nil {
			t.Fatal(err)
		}
		bent := append(Body(nil), body...)
		i := rapid.IntRange(0, len(bent)-1).Draw(t, "bent")
		bent[i].Salt[0] ^= 1
		if bent.Digest() == body.Digest() {
			t.Fatal("another salt, the same digest")
		}
	})
}

func buildBody(t *rapid.T, names, values []string) Body {
	byName := map[string]any{}
	for i, n := range names {
		byName[n] = values[i]
	}
	b, err := BodyOf(byName, salter())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBodyInto(t *testing.T) {
	type order struct {
		Material string `json:"material,omitzero"`
		Price    int    `json:"price,omitzero"`
		Quantity string `json:"quantity,omitzero"`
	}
	var got order
	if err := someBody(t).Disclose("material", "price").Into(&got); err != nil {
		t.Fatal(err)
	}
	if want := (order{Material: "acetylsalicylic acid", Price: 12}); got != want {
		t.Errorf("Into = %+v, want %+v", got, want)
	}
	var less struct {
		Material string `json:"material,omitzero"`
	}
	if err := someBody(t).Into(&less); !errors.Is(err, ErrField) {
		t.Errorf("unknown field: %v, want %v", err, ErrField)
	}
	var other struct {
		Material string `json:"material,omitzero"`
		Price    string `json:"price,omitzero"`
		Quantity string `json:"quantity,omitzero"`
	}
	if err := someBody(t).Into(&other); !errors.Is(err, ErrField) {
		t.Errorf("another type: %v, want %v", err, ErrField)
	}
}
