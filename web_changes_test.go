package theriac_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"theriac"
	"theriac/canon"
	"theriac/lightclient"
)

// changeMember changes the bundle as a tree, and writes it in its canonical form.
func (m *mutator) changeMember(p *specimen, q *question) { q.Bundle = m.member(p.raw) }

// member changes one value of a JSON document, or leaves it if it is none.
func (m *mutator) member(raw []byte) []byte {
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return raw
	}
	var places []*any
	at := &tree
	for {
		places = append(places, at)
		next := m.inner(at)
		if next == nil {
			break
		}
		at = next
	}
	// Deep places are many, and most say the same.
	m.changeValue(pick(m, places[len(places)/2:]))
	m.settle(&tree)
	out, err := canon.JSON(tree)
	if err != nil {
		return raw
	}
	return out
}

// A box is an object of which the members can be pointed to.
type box map[string]*any

// inner returns a value inside, nil if there is none.
func (m *mutator) inner(at *any) *any {
	switch v := (*at).(type) {
	case map[string]any:
		b := box{}
		for name, one := range v {
			b[name] = &one
		}
		*at = b
		return m.inner(at)
	case box:
		if len(v) > 0 {
			return v[pick(m, slices.Sorted(maps.Keys(v)))]
		}
	case []any:
		if len(v) > 0 {
			return &v[m.IntN(len(v))]
		}
	}
	return nil
}

// settle makes objects of boxes again.
func (m *mutator) settle(at *any) {
	switch v := (*at).(type) {
	case box:
		o := map[string]any{}
		for name, one := range v {
			m.settle(one)
			o[name] = *one
		}
		*at = o
	case []any:
		for i := range v {
			m.settle(&v[i])
		}
	}
}

var (
	numbers = []float64{0, 1, -1, 2, 3, 11, 255, 256, 1.5, 1 << 31, 1<<31 - 1, -1 << 31, 1 << 32, 1<<53 - 1, 1 << 53, -1 << 53, 1 << 62, 1 << 63, -1 << 63, 1 << 64, 1e21, 1e300}
	texts   = []string{
		"", "A", "AA", "__proto__", "constructor", "toString", "é", "\x00", "\u2028", "𝛼", strings.Repeat("A", 43), strings.Repeat("A", 22), "2029-03-31", "2029-02-30",
		"04000003000010", "S000001", "0001-01-01T00:00:00.000000000Z", "2026-02-30T00:00:00.000000000Z", "9999-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.000000001Z",
		"dmms/1", "msdm/1", "dispatch/1", "xins/1", "approved", "refused", "theriac-test",
	}
)

// changeValue changes a value for another.
func (m *mutator) changeValue(at *any) {
	others := []any{nil, true, false, 0.0, "", []any{}, map[string]any{}, pick(m, numbers), pick(m, texts)}
	switch v := (*at).(type) {
	case string:
		m.changeText(at, v)
	case float64:
		*at = pick(m, append([]float64{v + 1, v - 1, -v, v * 10, v + 0.5}, numbers...))
	case []any:
		*at = m.changeList(v)
	case box:
		m.changeObject(v)
	default:
		*at = pick(m, others)
	}
	if m.IntN(6) == 0 {
		*at = pick(m, others)
	}
}

func (m *mutator) changeText(at *any, v string) {
	if v == "" || m.IntN(3) == 0 {
		*at = pick(m, texts)
		return
	}
	i := m.IntN(len(v))
	letter := string(alphabet[m.IntN(len(alphabet))])
	*at = pick(m, []string{v[:i] + letter + v[i+1:], v[:i] + v[i+1:], v[:i] + letter + v[i:], v[:i], v + v, v + "="})
}

func (m *mutator) changeList(v []any) []any {
	if len(v) == 0 {
		return []any{pick(m, texts)}
	}
	i, j := m.IntN(len(v)), m.IntN(len(v))
	switch m.IntN(4) {
	case 0:
		return slices.Delete(slices.Clone(v), i, i+1)
	case 1:
		return slices.Insert(slices.Clone(v), i, v[j])
	case 2:
		return v[:i]
	}
	out := slices.Clone(v)
	out[i], out[j] = out[j], out[i]
	return out
}

func (m *mutator) changeObject(v box) {
	names := slices.Sorted(maps.Keys(v))
	if len(names) == 0 {
		var one any = 1.0
		names, v["x"] = []string{"x"}, &one
	}
	a, b := pick(m, names), pick(m, names)
	switch m.IntN(5) {
	case 0:
		delete(v, a)
	case 1:
		v[a], v[b] = v[b], v[a]
	case 2:
		v[pick(m, texts)] = v[a]
	case 3:
		v[b] = v[a]
	case 4:
		var deep any = 1.0
		for range pick(m, []int{3, 60, 9990}) {
			deep = []any{deep}
		}
		v[a] = &deep
	}
}

var spellings = []struct{ from, to string }{
	{`,`, `, `},
	{`:`, ` :`},
	{`":([0-9]+)`, `":$1.0`},
	{`":([0-9]+)`, `":${1}e0`},
	{`":([0-9]+)`, `":0$1`},
	{`":([0-9]+)`, `":-$1`},
	{`":([0-9]+)`, `":"$1"`},
	{`":([0-9]+)`, `":9007199254740993`},
	{`":([0-9]+)`, `":18446744073709551615`},
	{`":([0-9]+)`, `":9223372036854775807`},
	{`":([0-9]+)`, `":1E400`},
	{`":([0-9]+)`, `":-0`},
	{`"([a-zA-Z0-9])`, `"\u0041$1`},
	{`"([a-zA-Z0-9])`, `"\ud800$1`},
	{`"([a-zA-Z0-9])`, `"\/$1`},
	{`"([a-zA-Z0-9])`, "\"\xff$1"},
	{`"([a-zA-Z0-9])`, "\"\x1f$1"},
	{`"([a-zA-Z0-9])`, "\"\uFEFF$1"},
	{`\{`, `{"__proto__":{"a":1},`},
	{`\{`, `{"a":1,"a":2,`},
	{`\{("[a-z_]+":[0-9"a-zA-Z_-]+),`, `{$1,$1,`},
	{`\[`, `[null,`},
	{`^`, "\uFEFF"},
	{`^`, " "},
	{`$`, "\n"},
	{`$`, "{}"},
	{`\}$`, ``},
	{`"[^"]*"`, `null`},
	{`\[`, strings.Repeat("[", 20000)},
}

// changeSpelling says the same, or nearly, in another spelling.
func (m *mutator) changeSpelling(p *specimen, q *question) { q.Bundle = m.respell(p.raw) }

func (m *mutator) respell(raw []byte) []byte { return m.rewrite(raw, pick(m, spellings)) }

// rewrite replaces one place that a pattern finds.
func (m *mutator) rewrite(raw []byte, s struct{ from, to string }) []byte {
	pattern := regexp.MustCompile(s.from)
	found := pattern.FindAllSubmatchIndex(raw, -1)
	if found == nil {
		return raw
	}
	at := pick(m, found)
	out := pattern.Expand(bytes.Clone(raw[:at[0]]), []byte(s.to), raw, at)
	return append(out, raw[at[1]:]...)
}

// copied returns the specimen's bundle, which can be changed.
func (m *mutator) copied(p *specimen) *theriac.Bundle {
	m.t.Helper()
	return copyOf(m.t, p.bundle)
}

// changeSignature puts another's signature, or none, in the place of one.
func (m *mutator) changeSignature(p *specimen, q *question) {
	b := m.copied(p)
	if len(b.Exchanges) == 0 {
		return
	}
	x, y := &b.Exchanges[m.IntN(len(b.Exchanges))], &b.Exchanges[m.IntN(len(b.Exchanges))]
	zeros := bytes.Repeat([]byte{0}, 64)
	cut := func(s string) (string, string) { i := strings.LastIndexByte(s, '.'); return s[:i+1], s[i+1:] }
	start, _ := cut(x.Envelope)
	_, other := cut(y.Envelope)
	switch m.IntN(9) {
	case 0:
		x.Envelope = start + other
	case 1:
		x.Anchor.Signature = y.Anchor.Signature
	case 2:
		x.Anchor.KeyID = y.Anchor.KeyID
	case 3:
		x.Anchor, y.Anchor = y.Anchor, x.Anchor
	case 4:
		x.Envelope = start + canon.Text(zeros)
	case 5:
		x.Anchor.Signature = pick(m, [][]byte{zeros, {}, zeros[:63], bytes.Repeat([]byte{255}, 64), append(slices.Clone(x.Anchor.Signature[:32]), zeros[:32]...)})
	case 6:
		if _, sig := cut(x.Envelope); len(sig) == 86 {
			x.Envelope = mirrored(m.t, x.Envelope)
		}
	case 7:
		_, sig := cut(mirrored(m.t, "."+canon.Text(x.Anchor.Signature)))
		x.Anchor.Signature, _ = canon.ParseText(sig)
	case 8:
		x.Envelope, y.Envelope = y.Envelope, x.Envelope
	}
	q.Bundle = encode(m.t, b)
}

// changeRecord changes what the ledger says, under the validators' signatures.
func (m *mutator) changeRecord(p *specimen, q *question) {
	b := m.copied(p)
	if len(b.State) == 0 {
		return
	}
	r := &b.State[m.IntN(len(b.State))]
	v := slices.Clone(r.Value)
	switch i := m.IntN(len(v) + 1); {
	case m.IntN(12) == 0:
		r.Value = nil
	case len(v) == 0 || m.IntN(12) == 0:
		r.Value = slices.Clone(pick(m, b.State).Value)
	case i == len(v) || m.IntN(8) == 0:
		r.Value = slices.Insert(v, i, byte(m.IntN(256)))
	case m.IntN(8) == 0:
		r.Value = slices.Delete(v, i, i+1)
	default:
		v[i] = pick(m, []byte{v[i] + 1, v[i] - 1, v[i] ^ 1, v[i] ^ 128, byte(m.IntN(256)), 0xf6, 0x80, 0x40, 0x60, 0x18})
		r.Value = v
	}
	p.scene.reseal(b)
	q.Bundle = encode(m.t, b)
}

// changeHeader has the validators sign another header, or vote otherwise.
func (m *mutator) changeHeader(p *specimen, q *question) {
	b := m.copied(p)
	if len(b.Chain) == 0 {
		return
	}
	years := []int{1, 1600, 1700, 1969, 1970, 2025, 2027, 2262, 2319, 2400, 9999}
	p.scene.sign(b, func(h *lightclient.Header) {
		switch m.IntN(6) {
		case 0, 1:
			h.Time = lightclient.Time(time.Date(pick(m, years), 3, 1, 0, 0, 0, m.IntN(1e9), time.UTC))
		case 2:
			h.Height = lightclient.Int(m.Int64N(1 << 53))
		case 3:
			h.ChainID += pick(m, []string{"x", "é", strings.Repeat("y", 60)})
		case 4:
			h.Version = lightclient.Version{App: lightclient.Int(m.IntN(3)), Block: lightclient.Int(10 + m.IntN(3))}
		case 5:
			h.LastBlockID = lightclient.BlockID{}
		}
	})
	last := &b.Chain[len(b.Chain)-1]
	v := &last.Commit.Signatures[m.IntN(len(last.Commit.Signatures))]
	switch m.IntN(8) {
	case 0:
		v.Flag = lightclient.Flag(m.IntN(6))
	case 1:
		v.Timestamp = lightclient.Time{}
	case 2:
		b.Chain = append(b.Chain, b.Chain[len(b.Chain)-1])
	case 3:
		*v = pick(m, last.Commit.Signatures)
	case 4:
		last.Validators[0].Power++
	}
	q.Bundle = encode(m.t, b)
}
