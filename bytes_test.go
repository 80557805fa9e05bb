package theriac_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"theriac"
	"theriac/canon"
	"theriac/pedigree"
)

// each calls do for 0 to n−1, on all processors.
func each(n int, do func(i int)) {
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	group.Wait()
}

// small is a scene with as little evidence as the whole story comes to, of packs that
// were measured and have concealed codes.
func small(t testing.TB) *scene {
	s := newScene(t)
	s.concealed().redeem(s, s.Pharmacy, 0)
	s.newWorks().measured(s.DM, s.Pharmacy, packs(0, 1))
	s.validators = s.validators[:1]
	return s
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// altered returns the evidence with one character changed for one that keeps it
// canonical wherever that can be: the character's 32 (the highest bit of a
// base64url digit, which the last one of a text has too), or the next number.
func altered(raw []byte, i int) []byte {
	out := bytes.Clone(raw)
	switch at := strings.IndexByte(alphabet, raw[i]); {
	case raw[i] >= '0' && raw[i] <= '9' && !quoted(raw, i):
		out[i] = '0' + (raw[i]-'0'+1)%10
	case at >= 0:
		out[i] = alphabet[at^32]
	default:
		out[i] ^= 1
	}
	return out
}

// quoted reports whether a digit stands in a text, as far as its neighbours tell.
func quoted(raw []byte, i int) bool {
	for ; raw[i] >= '0' && raw[i] <= '9'; i-- {
	}
	return raw[i] != ':'
}

// A span is a part of an exchange in the bundle's bytes, and what a change of it
// must come to.
type span struct {
	from, to int
	part     string
	want     sentence
}

// spans finds the parts of all exchanges.
func spans(t *testing.T, raw []byte, b *theriac.Bundle) []span {
	t.Helper()
	var out []span
	for i := range b.Exchanges {
		x := &b.Exchanges[i]
		want := distNo("")
		switch pedigreeNumber(t, x.Type) {
		case 1, 2:
			want = matterNo("")
		case 3, 4:
			want = approveNo("")
		}
		whole, err := canon.JSON(x)
		if err != nil {
			t.Fatal(err)
		}
		from := bytes.Index(raw, whole)
		for name, part := range map[string]any{"anchor": x.Anchor, "body": x.Body, "envelope": x.Envelope, "leaf": x.Leaf, "type": x.Type} {
			one, err := canon.JSON(part)
			if err != nil {
				t.Fatal(err)
			}
			at := from + bytes.LastIndex(whole, append([]byte(`"`+name+`":`), one...))
			out = append(out, span{at, at + len(name) + 3 + len(one), name, want})
		}
	}
	return out
}

func pedigreeNumber(t *testing.T, typ string) int {
	t.Helper()
	x, err := pedigree.Find(typ)
	if err != nil {
		t.Fatal(err)
	}
	return x.Number
}

// No byte of the evidence can be changed and the verdict stay. Whichever signed
// part is changed, the step and the party are the paper's, and nothing is proven
// against anybody.
func TestEveryByteCounts(t *testing.T) {
	s := small(t)
	trust, now := s.trust(), s.now()
	bundle := s.show(0)
	raw := encode(t, bundle)
	parts := spans(t, raw, bundle)
	var read atomic.Int64
	each(len(raw), func(i int) {
		b, err := theriac.ParseBundle(altered(raw, i))
		if err != nil {
			return
		}
		read.Add(1)
		v := b.Verify(trust, now)
		got := judge(&v)
		if got.Verdict != theriac.Refused || got.Proven {
			t.Errorf("%s: %+v", around(raw, i), v)
		}
		for _, p := range parts {
			p.want.Code = got.Code
			// Where a leaf is in the log, and since when, only the log knows.
			if p.from <= i && i < p.to && got != p.want && (p.part != "leaf" || got != ledgerNo) {
				t.Errorf("%s of an exchange: %s: %+v, want %+v", p.part, around(raw, i), v, p.want)
			}
		}
	})
	// The rest are names of members, punctuation, and texts with a check digit or a form.
	if read.Load() < int64(len(raw))*4/5 {
		t.Errorf("only %d of %d altered bundles could be read", read.Load(), len(raw))
	}
}

func around(raw []byte, i int) string {
	return fmt.Sprintf("%s[%c]%s", raw[max(0, i-40):i], raw[i], raw[i+1:min(len(raw), i+20)])
}

// Nothing can be left out, doubled, moved or emptied either.
func TestEveryPartCounts(t *testing.T) {
	s := small(t)
	trust, now := s.trust(), s.now()
	raw := encode(t, s.show(0))
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	tried := 0
	try := func(path string) {
		tried++
		changed, err := canon.JSON(tree)
		if err != nil {
			t.Fatal(err)
		}
		b, err := theriac.ParseBundle(changed)
		if err != nil {
			return
		}
		if v := b.Verify(trust, now); v.Verdict != theriac.Refused {
			t.Errorf("%s: %+v", path, v)
		}
	}
	walk("", &tree, try)
	if again, err := canon.JSON(tree); err != nil || !bytes.Equal(again, raw) || tried < 1000 {
		t.Errorf("%d changes, which left %s (%v)", tried, again, err)
	}
}

// walk changes the value in each way, has each tried, and puts it back.
func walk(path string, at *any, try func(path string)) {
	was := *at
	put := func(what string, v any) {
		*at = v
		try(path + ": " + what)
		*at = was
	}
	switch v := was.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			one := v[name]
			delete(v, name)
			try(path + "/" + name + ": left out")
			v[name] = one
			walk(path+"/"+name, &one, func(p string) { v[name] = one; try(p) })
			v[name] = one
		}
	case []any:
		for i := range v {
			put(fmt.Sprintf("%d left out", i), slices.Delete(slices.Clone(v), i, i+1))
			put(fmt.Sprintf("%d doubled", i), slices.Insert(slices.Clone(v), i, v[i]))
			if i > 0 && !reflect.DeepEqual(v[i], v[i-1]) {
				swapped := slices.Clone(v)
				swapped[i], swapped[i-1] = v[i-1], v[i]
				put(fmt.Sprintf("%d swapped", i), swapped)
			}
			walk(fmt.Sprintf("%s/%d", path, i), &v[i], try)
		}
	case string:
		if v != "" {
			put("emptied", "")
			put("cut", v[:len(v)-1])
		}
		put("longer", v+"AAAA")
	case float64:
		if v != 0 {
			put("zero", 0.0)
		}
		put("one more", v+1)
		put("less", -v-1)
	}
}
