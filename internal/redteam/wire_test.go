package redteam

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/envelope"
	"theriac/internal/chainstore"
	"theriac/internal/journey"
	paper "theriac/internal/paper/pedigree"
	"theriac/merkle"
)

// Attack 000-14: who has all that is public tries the likely values of what the
// ledger withholds: quantities, prices, serial numbers.
func TestAttack000_14(t *testing.T) {
	t.Parallel()
	w := stage(t)
	var bodies [9]*flight
	k := &walk{w: w, last: 8}
	k.before = func(f *flight, _ *api.Receipt) { bodies[f.number] = f }
	k.run(t)
	public, err := w.office.API.Raw(t.Context(), "/v1/cases", url.Values{"case": {k.id}})
	if err != nil {
		t.Fatal(err)
	}
	for _, clear := range []string{"25 kg", "12000.00", "pallet 7", `"remaining"`, "Trial RT-1"} {
		if bytes.Contains(public, []byte(clear)) {
			t.Errorf("the ledger tells %q", clear)
		}
	}
	w.guessFields(t, bodies, exchanges(t, w, k.id))
	w.guessNeighbour(t, k)

	// In the print the contract's rows are clear, and the public (r, s) confirms a guess.
	p := newPrint()
	m := p.trade(t, "case")[paper.DMMS]
	if p.Rows(paper.DMMS)[0].Fields[paper.Detail] != "10 kg thyme 25" {
		t.Error("control: the print's row is not in clear")
	}
	found := false
	for price := range 30 {
		guess := m.Fields
		guess[paper.Detail] = fmt.Sprint("10 kg thyme ", price)
		found = found || new(paper.Ops).Verify(p.by[paper.DM].Q, paper.DMMS.Digest(guess), m.Sig) == nil
	}
	if !found {
		t.Error("control: the print does not confirm the guess")
	}
}

// guessFields tries 100,000 values of each withheld field against its commitment,
// with every salt that can be seen.
func (w *world) guessFields(t *testing.T, bodies [9]*flight, shown map[string]theriac.Exchange) {
	t.Helper()
	for _, x := range []struct {
		number      int
		field, like string
	}{{1, "quantity", `"%d kg"`}, {2, "quantity", `"%d kg"`}, {5, "cost", `"%d.00 EUR"`}} {
		f := bodies[x.number]
		exchange := shown[f.claims.Type]
		secret := f.body[slices.IndexFunc(f.body, func(v envelope.Field) bool { return v.Name == x.field })]
		target := leafOf(secret.Name, secret.Salt, secret.Value)
		if !slices.ContainsFunc(exchange.Body, func(v envelope.Field) bool { return v.Hash == target }) {
			t.Fatalf("%v: the ledger does not have the commitment to %s", f, x.field)
		}
		salts := []canon.ID{{}}
		for _, v := range exchange.Body {
			salts = append(salts, v.Salt)
		}
		right := false
		for n := range 100_000 {
			guess := fmt.Appendf(nil, x.like, n)
			for _, salt := range salts {
				if leafOf(x.field, salt, guess) == target {
					t.Fatalf("%v: guessed %s", f, guess)
				}
			}
			// Who has the salt, and only he, finds it among the guesses.
			right = right || bytes.Equal(guess, secret.Value) && leafOf(x.field, secret.Salt, guess) == target
		}
		if !right {
			t.Errorf("%v: the dictionary does not hold %s", f, secret.Value)
		}
	}
}

func leafOf(name string, salt canon.ID, value []byte) canon.Digest {
	return merkle.LeafHash(canon.Encode("theriac/field/1", []byte(name), salt[:], value))
}

// guessNeighbour tries all serial numbers of the batch against the leaf hash that
// the proof of one pack shows of the pack beside it.
func (w *world) guessNeighbour(t *testing.T, k *walk) {
	t.Helper()
	b, err := theriac.ParseBundle(w.evidence(t, k.code(t, 0)))
	if err != nil {
		t.Fatal(err)
	}
	beside := b.Pack.Path[0]
	for i := range k.packs {
		id := w.opening(t, k.code(t, i))
		p := id.Pack.Pack
		if (p.Leaf() == beside) != (id.Pack.Index == 1) {
			t.Errorf("pack %d: the path of pack 0 does not begin with the leaf of pack 1", id.Pack.Index)
		}
		for _, salt := range [][]byte{make([]byte, len(p.Salt)), b.Pack.Pack.Salt[:]} {
			copy(p.Salt[:], salt)
			if p.Leaf() == beside {
				t.Errorf("pack %d found by its serial number", i)
			}
		}
	}
}

func (w *world) opening(t *testing.T, code string) *api.Opening {
	t.Helper()
	return get[api.Opening](t, w.dm, "/v1/openings", url.Values{"id": {code}})
}

// A tap records every byte that goes over the TCP connections that it dialled.
type tap struct {
	mu   sync.Mutex
	seen bytes.Buffer
}

func (p *tap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return tapped{c, p}, nil
}

func (p *tap) note(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen.Write(b)
}

type tapped struct {
	net.Conn
	tap *tap
}

func (c tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.tap.note(b[:n])
	return n, err
}

func (c tapped) Write(b []byte) (int, error) {
	c.tap.note(b)
	return c.Conn.Write(b)
}

// spellings returns what a secret may look like in a recording.
func spellings(secret []byte) map[string][]byte {
	turned := slices.Clone(secret)
	slices.Reverse(turned)
	out := map[string][]byte{
		"bytes": secret, "bytes turned round": turned, "hex": []byte(hex.EncodeToString(secret)),
		"HEX": []byte(strings.ToUpper(hex.EncodeToString(secret))), "decimal": []byte(new(big.Int).SetBytes(secret).String()),
	}
	for name, enc := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
		for before := range 3 { // as part of something longer
			text := enc.EncodeToString(append(make([]byte, before), secret...))
			out[fmt.Sprint(name, before)] = []byte(text[(before*8+5)/6 : (before+len(secret))*8/6])
		}
	}
	return out
}

// find returns how a secret stands in a recording, or "".
func find(in, secret []byte) string {
	for name, s := range spellings(secret) {
		if bytes.Contains(in, s) {
			return name
		}
	}
	return ""
}

// Attack 000-15: the operators of the ledger, of the network and of every other
// organisation look for somebody's private key in all that ever reached
// them. (It listens to the whole process, so it runs alone.)
func TestAttack000_15(t *testing.T) {
	line, plain := &tap{}, http.DefaultTransport
	listening := plain.(*http.Transport).Clone()
	listening.DialContext, listening.DisableCompression = line.dial, true
	http.DefaultTransport = listening
	t.Cleanup(func() { http.DefaultTransport = plain })
	w := ownStage(t)
	story := &journey.Story{Cast: w.Cast, Packs: 20, Tell: func(string, string) {}}
	if err := story.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	code, err := story.Scan(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	w.evidence(t, code)
	w.stop()
	line.mu.Lock()
	defer line.mu.Unlock()
	recorded := line.seen.Bytes()
	for _, want := range []string{"application/1", "dmms/1", "dddm/1", story.Batch.String()} {
		if !bytes.Contains(recorded, []byte(want)) && find(recorded, []byte(want)) == "" {
			t.Fatalf("the recording of %d bytes lacks %q: it shows nothing", len(recorded), want)
		}
	}
	ledger := w.dump(t)
	for _, p := range w.all() {
		elsewhere := w.others(t, p)
		for name, secret := range p.scalars(t) {
			for where, in := range map[string][]byte{"on the line": recorded, "on the ledger": ledger, "at others": elsewhere} {
				if how := find(in, secret); how != "" {
					t.Errorf("%s of %s is %s, as %s", name, p.Name, where, how)
				}
			}
		}
	}

	// The print's centre makes the keys and sends them.
	d := newPrint().Register("ID-X", random())
	answer, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if find(answer, d.D.FillBytes(make([]byte, 32))) == "" {
		t.Error("control: the search does not find a key in the print's registration")
	}
}

// dump returns all transactions of the log.
func (w *world) dump(t *testing.T) []byte {
	t.Helper()
	s, err := chainstore.Open(filepath.Join(w.office.dir, "node", "data", "chain"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := s.Latest()
	defer v.Close()
	var out []byte
	for i := range v.Root().LogSize {
		_, tx, err := v.Leaf(i)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tx...)
	}
	if len(out) == 0 {
		t.Fatal("the log is empty")
	}
	return out
}

// others returns all files of all organisations but one.
func (w *world) others(t *testing.T, but *party) []byte {
	t.Helper()
	var out []byte
	err := filepath.WalkDir(w.Dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == but.dir:
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		raw, err := os.ReadFile(name)
		out = append(out, raw...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
