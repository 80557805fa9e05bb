package redteam

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/organisation"
	paper "theriac/internal/paper/pedigree"
	"theriac/lightclient"
	"theriac/pedigree"
)

// A watch is a witness, by the library and by the command.
type watch struct {
	trust theriac.Trust
	seen  theriac.Seen
	state string
}

// look asks a server for its log.
func (v *watch) look(t *testing.T, s *party) (*theriac.Checkpoint, error) {
	t.Helper()
	c := get[theriac.Checkpoint](t, s, "/v1/checkpoint", nil)
	if c.Root.LogSize >= v.seen.Root.LogSize {
		c = get[theriac.Checkpoint](t, s, "/v1/checkpoint", url.Values{"older": {fmt.Sprint(v.seen.Root.LogSize)}})
	}
	seen, err := v.seen.Witness(v.trust, c)
	if err == nil {
		v.seen = seen
	}
	return c, err
}

// command runs theriac network witness against a server.
func (v *watch) command(t *testing.T, s *party, trust string) (out string, err error) {
	t.Helper()
	raw, err := exec.CommandContext(t.Context(), command(t), "network", "witness",
		"--server", s.Endpoint, "--state", v.state, "--trust", trust).CombinedOutput()
	return string(raw), err
}

// Attack 000-19: the operator of the ledger, with the validator's own key, shows
// another log: with entries dropped, in another order, rewritten, or one log to
// you and another to me.
func TestAttack000_19(t *testing.T) {
	t.Parallel()
	w := ownStage(t)
	(&walk{w: w, last: 2}).run(t)
	w.stop()
	fork, cut := copied(t, w.office), copied(t, w.office)
	trust, err := theriac.ParseTrust(w.Trust)
	if err != nil {
		t.Fatal(err)
	}
	v := &watch{trust: trust, state: filepath.Join(t.TempDir(), "seen.json")}
	pinned := filepath.Join(w.Dir, "trust.json")

	good := w.honest(t, v, pinned)

	// The same entries, two of them turned round, and as many blocks.
	s := w.reopen(t, fork, organisation.Options{})
	s.ready(t)
	w.entries(t, s.party, "two", "one", "three", "four", "five", "six")
	bad, err := v.look(t, s.party)
	if !errors.Is(err, theriac.ErrRewritten) {
		t.Errorf("turned round: %v, want %v", err, theriac.ErrRewritten)
	}
	w.evidenceOfFork(t, v, s.party, pinned)
	proven(t, trust, good, bad)
	s.stop()

	w.dropped(t, v, cut, pinned)
	w.rewrittenLeaves(t, v)
	// A log of other validators under the same name is not this chain's at all.
	other, err := shared.stage()
	if err != nil {
		t.Fatal(err)
	}
	strangers := get[theriac.Checkpoint](t, other.office, "/v1/checkpoint", nil)
	if _, err := v.seen.Witness(trust, strangers); !errors.Is(err, theriac.ErrLedger) {
		t.Errorf("another chain of this name: %v, want %v", err, theriac.ErrLedger)
	}

	// In the print who uploads last is right, whoever he is.
	p := newPrint()
	p.trade(t, "case")
	for x := paper.DMMS; x <= paper.DDDM; x++ {
		junk := paper.Signature{R: random(), S: random()}
		p.Upload(x, "case", paper.BC(junk), junk)
	}
	if err := p.legal("case"); err != nil {
		t.Errorf("control: the print sees that its history was rewritten: %v", err)
	}
}

// honest has the witness see a log that grows, and returns an early checkpoint.
func (w *world) honest(t *testing.T, v *watch, pinned string) *theriac.Checkpoint {
	t.Helper()
	honest := w.reopen(t, w.office, organisation.Options{})
	honest.ready(t)
	w.entries(t, honest.party, "one", "two", "three")
	good, err := v.look(t, honest.party)
	if err != nil {
		t.Fatalf("an honest log: %v", err)
	}
	if out, err := v.command(t, honest.party, pinned); err != nil {
		t.Fatalf("witness of an honest log: %v: %s", err, out)
	}
	w.entries(t, honest.party, "four")
	if _, err := v.look(t, honest.party); err != nil {
		t.Fatalf("an honest log, grown: %v", err)
	}
	if out, err := v.command(t, honest.party, pinned); err != nil {
		t.Fatalf("witness of a grown log: %v: %s", err, out)
	}
	honest.stop()
	return good
}

// dropped has the operator go back to an old copy and make blocks until the height
// that was seen is passed.
func (w *world) dropped(t *testing.T, v *watch, cut *party, pinned string) {
	t.Helper()
	s := w.reopen(t, cut, organisation.Options{})
	s.ready(t)
	for get[theriac.Checkpoint](t, s.party, "/v1/checkpoint", nil).Headers[0].Header.Height <= v.seen.Height+1 {
		a := w.request(t, http.MethodPost, s.party, "/v1/recalls", s.token, fmt.Appendf(nil, `{"batch":%q,"status":"recalled","reason":"none"}`, canon.Sum(nil)))
		if a.code != "unknown_batch" {
			t.Fatalf("a refused transaction: %+v", a)
		}
	}
	if _, err := v.look(t, s.party); !errors.Is(err, theriac.ErrRewritten) {
		t.Errorf("dropped: %v, want %v", err, theriac.ErrRewritten)
	}
	w.evidenceOfFork(t, v, s.party, pinned)
	s.stop()
}

// copied returns the organisation in a copy of its folder.
func copied(t *testing.T, p *party) *party {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(p.dir)); err != nil {
		t.Fatal(err)
	}
	// CopyFS opens what was closed to others.
	if err := filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(name, info.Mode()&0o700)
	}); err != nil {
		t.Fatal(err)
	}
	return &party{p.Actor, dir, p.token}
}

// entries makes one leaf of the log for each name, in order.
func (w *world) entries(t *testing.T, at *party, names ...string) {
	t.Helper()
	for _, n := range names {
		body := fmt.Appendf(nil, `{"name":%q,"endpoint":%q}`, n, at.Endpoint)
		if a := w.request(t, http.MethodPut, at, "/v1/profile", at.token, body); a.status != http.StatusNoContent {
			t.Fatalf("entry %s: %+v", n, a)
		}
	}
}

// evidenceOfFork has the command find the fork and keep the evidence.
func (w *world) evidenceOfFork(t *testing.T, v *watch, s *party, pinned string) {
	t.Helper()
	out, err := v.command(t, s, pinned)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out, theriac.ErrRewritten.Error()) {
		t.Errorf("witness: %v: %s, want exit status 1 and %q", err, out, theriac.ErrRewritten)
	}
	raw, err := os.ReadFile(v.state + ".evidence.json")
	if err != nil || !bytes.Contains(raw, []byte(`"before"`)) || !bytes.Contains(raw, []byte(`"now"`)) {
		t.Errorf("evidence of %d bytes, %v, want both checkpoints", len(raw), err)
	}
	if err := os.RemoveAll(v.state + ".evidence.json"); err != nil {
		t.Fatal(err)
	}
}

// proven holds both logs against the trust root: each is signed by the validator,
// who cannot deny it.
func proven(t *testing.T, trust theriac.Trust, a, b *theriac.Checkpoint) {
	t.Helper()
	root := lightclient.Trust{ChainID: trust.ChainID, Height: trust.Height, Validators: trust.Validators}
	for _, c := range []*theriac.Checkpoint{a, b} {
		h, err := lightclient.Verify(root, c.Headers)
		if err != nil || h.AppHash != c.Root.AppHash() {
			t.Errorf("a checkpoint is no evidence: %v", err)
		}
	}
}

// quiet drops Pebble's chatter.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// Fatalf is called where Pebble cannot go on.
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// rewrittenLeaves changes what the ledger's store has of its log; the validator
// signs what follows from that.
func (w *world) rewrittenLeaves(t *testing.T, v *watch) {
	t.Helper()
	p := copied(t, w.office)
	db, err := pebble.Open(filepath.Join(p.dir, "node", "data", "chain"), &pebble.Options{Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte("l"), UpperBound: []byte("m")})
	if err != nil {
		t.Fatal(err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		raw := bytes.Clone(it.Value())
		for i := chain.LeafSize; i < len(raw); i += 32 { // the tree's hashes that it completes
			raw[i] ^= 1
		}
		if err := db.Set(bytes.Clone(it.Key()), raw, pebble.Sync); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(it.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	s := w.reopen(t, p, organisation.Options{})
	defer s.stop()
	s.ready(t)
	w.entries(t, s.party, "seven")
	if _, err := v.look(t, s.party); !errors.Is(err, theriac.ErrRewritten) {
		t.Errorf("rewritten leaves: %v, want %v", err, theriac.ErrRewritten)
	}
}

// signedWith signs a message with a nonce of the attacker's choice, low s.
func (f *flight) signedWith(t *testing.T, key []byte, nonce func(z []byte) paper.Signature) []byte {
	t.Helper()
	input := signingInput(t, f, canon.Digest(key))
	z := canon.Sum([]byte(input))
	g := nonce(z[:])
	if envelope.LowS(g.Bytes()) != nil {
		g = paper.Twin(g)
	}
	return f.withEnvelope(t, input+"."+canon.Text(g.Bytes()))
}

// Attack 000-22: a device whose random numbers repeat signs two messages with one
// nonce: who sees both has its private key. Every node says so.
func TestAttack000_22(t *testing.T) {
	t.Parallel()
	w := stage(t)
	r := w.rogue(t)
	key, k := newKey(t), random()
	gln := w.admit(t, key, chain.Manufacturer)
	kid := keyOf(t, key).ID()
	nonce := func(z []byte) paper.Signature {
		g, err := new(paper.Ops).Sign(scalar(t, key), k, z)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	send := func(material string) *flight {
		f := message(t, w.dm, w.ms, "nonce", &pedigree.MaterialRequest{Material: material, Product: "syrup"})
		f.claims.Issuer = gln
		f.raw = f.sign(t, key, f.claims)
		f.raw = f.signedWith(t, kid[:], nonce)
		w.accepted(t, w.ms, material, f.raw)
		return f
	}
	alarm := func() int {
		n := 0
		for _, line := range w.alarms.all() {
			if strings.Contains(line, "one nonce") && strings.Contains(line, kid.String()) {
				n++
			}
		}
		return n
	}
	first := send("thyme")
	w.accepted(t, w.ms, "the same message again", first.raw)
	if n := alarm(); n != 0 {
		t.Errorf("%d alarms after one signature", n)
	}
	second := send("chalk")
	if n := alarm(); n != 1 {
		t.Errorf("%d alarms after two signatures with one nonce, want 1: %q", n, w.alarms.all())
	}
	r.catchUp(t)
	view := r.Store().Latest()
	defer view.Close()
	warned, err := view.Warnings()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, id := range warned {
		found = found || id == kid
	}
	if !found {
		t.Errorf("another node's warnings: %v, want one of %s", warned, kid)
	}
	// It is a real leak: the two messages give the key away.
	a, b := first.envelope(t).Signature(), second.envelope(t).Signature()
	if !bytes.Equal(a.Bytes[:32], b.Bytes[:32]) {
		t.Error("the attack is not one: two different r")
	}
}
