package redteam

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/envelope"
	"theriac/internal/cometbft"
	"theriac/internal/ledger"
	"theriac/internal/organisation"
	"theriac/internal/registry"
	"theriac/pedigree"
)

// application is what somebody with a key sends to the governor.
func (w *world) application(t *testing.T, s crypto.Signer, gln string, role chain.Role) []byte {
	t.Helper()
	raw, err := registry.NewApplication(s, gln, w.office.GLN, pedigree.Application{
		Chain: chainName, Name: "Insider " + gln, Roles: []chain.Role{role},
	}, time.Now(), newID)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// admit makes whoever holds a key a member: the attacker with valid keys of his own.
func (w *world) admit(t *testing.T, key *ecdsa.PrivateKey, role chain.Role) (gln string) {
	t.Helper()
	gln = organisation.ExampleGLN(int(1000 + w.serial()))
	w.accepted(t, w.office, "application", w.application(t, key, gln, role))
	waiting := get[[]api.Application](t, w.office, "/v1/applications", nil)
	a, err := one(*waiting, func(a api.Application) bool { return a.GLN == gln })
	if err != nil {
		t.Fatal(err)
	}
	d, err := client.Post[api.Decision](t.Context(), w.office.API, "/v1/applications/"+a.ID.String()+"/admission", "", nil)
	if err != nil || d.Status != "accepted" {
		t.Fatalf("admission of %s: %+v, %v", gln, d, err)
	}
	return gln
}

// as returns the flight's message in another's name and signed by another.
func (f *flight) as(t testing.TB, gln string, s crypto.Signer) []byte {
	t.Helper()
	c := f.claims
	c.Issuer = gln
	return f.sign(t, s, c)
}

// underKey returns the message whose header names a key that did not sign it.
func (f *flight) underKey(t testing.TB, named envelope.Key, s crypto.Signer) []byte {
	t.Helper()
	header := canon.Text(fmt.Appendf(nil, `{"alg":"ES256","kid":"%s","typ":"theriac+jws"}`, named.ID()))
	payload, err := canon.JSON(f.claims)
	if err != nil {
		t.Fatal(err)
	}
	text := header + "." + canon.Text(payload)
	sig, err := envelope.SignDigest(s, canon.Sum([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	return f.withEnvelope(t, text+"."+canon.Text(sig))
}

func keyOf(t testing.TB, s crypto.Signer) envelope.Key {
	t.Helper()
	k, err := envelope.KeyOf(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A rogue is a ledger node of the attacker's own: a member who runs what software
// he likes and speaks to the validators without any desk between.
type rogue struct {
	*cometbft.Node
	w *world
}

// startRogue starts such a node beside the stage.
func (w *world) startRogue() (*cometbft.Node, error) {
	home := filepath.Join(w.Dir, "rogue")
	if _, err := cometbft.InitHome(home); err != nil {
		return nil, err
	}
	genesis, err := os.ReadFile(filepath.Join(w.Dir, "genesis.json"))
	if err != nil {
		return nil, err
	}
	if err := cometbft.PutGenesis(home, genesis); err != nil {
		return nil, err
	}
	s, err := client.Get[api.Status](context.Background(), w.office.API.With(w.http.Transport), "/v1/status", nil)
	if err != nil {
		return nil, err
	}
	return cometbft.Start(context.Background(), cometbft.Config{Home: home, Peers: []string{s.Node}})
}

// rogue returns the attacker's node once it has the chain.
func (w *world) rogue(t *testing.T) *rogue {
	t.Helper()
	n, err := w.attacker()
	if err != nil {
		t.Fatal(err)
	}
	r := &rogue{n, w}
	r.catchUp(t)
	return r
}

// catchUp waits until the node has the log that the office has now.
func (r *rogue) catchUp(t testing.TB) {
	t.Helper()
	want := r.w.leaves(t)
	until(t, "the attacker's node follows the chain", func() bool {
		_, root := r.Store().Position()
		return !r.CatchingUp() && root.LogSize >= want
	})
}

// until polls for what another process or goroutine is to do.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not in a minute", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// submit hands a transaction to the attacker's own node and returns the code of
// what the validators made of it; "" is applied.
func (r *rogue) submit(t testing.TB, s crypto.Signer, sender string, kind chain.Kind, body any) (string, ledger.Result) {
	t.Helper()
	raw, err := ledger.Sign(s, chain.Tx{Chain: chainName, Kind: kind, Sender: sender, ID: newID(), Time: chain.Millis(time.Now())}, body)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	got, err := r.Submit(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	return got.Code, got
}

// refused submits a transaction that the validators must refuse.
func (r *rogue) refused(t testing.TB, what, code string, s crypto.Signer, sender string, kind chain.Kind, body any) {
	t.Helper()
	before := r.w.leaves(t)
	got, result := r.submit(t, s, sender, kind, body)
	if got != code {
		t.Errorf("%s: %q (%s), want %q", what, got, result.Text, code)
	}
	if after := r.w.leaves(t); after != before {
		t.Errorf("%s: %d leaves, want %d", what, after, before)
	}
}

const unprocessable = http.StatusUnprocessableEntity

// scalars returns the private keys of an organisation as bytes, by the name of
// their file: what only somebody with folder and passphrase can have.
func (p *party) scalars(t testing.TB) map[string][]byte {
	t.Helper()
	pass, err := os.ReadFile(filepath.Join(p.dir, "passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	by, err := age.NewScryptIdentity(strings.TrimSpace(string(pass)))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(opened(t, filepath.Join(p.dir, "keys", "identity.age"), by)))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(p.dir, "keys", "*.key.age"))
	if err != nil || len(files) < 3 {
		t.Fatalf("keys of %s: %v, %v", p.Name, files, err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		var record struct {
			Name string `cbor:"1,keyasint"`
			Use  string `cbor:"2,keyasint"`
			Key  []byte `cbor:"3,keyasint"`
		}
		if err := canon.DecodeCBOR(opened(t, f, ids...), &record); err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".key.age")] = record.Key
	}
	return out
}

func opened(t testing.TB, name string, by ...age.Identity) []byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := age.Decrypt(f, by...)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// secretScalar returns the private scalar of the signing key in use.
func (p *party) secretScalar(t testing.TB) *big.Int {
	t.Helper()
	name, err := os.ReadFile(filepath.Join(p.dir, "signing-key"))
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(p.scalars(t)[strings.TrimSpace(string(name))])
}
