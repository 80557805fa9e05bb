package redteam

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/gs1"
	"theriac/internal/cometbft"
	"theriac/internal/journey"
	"theriac/internal/keystore"
)

// A party is an organisation that runs, by its API and its folder.
type party struct {
	*journey.Actor
	dir   string
	token string
}

// A world is a stage with the parties of paper 000: DM, MS, DA, DD, and ours.
type world struct {
	*journey.Stage
	alarms *alarms

	office, da, dm, dd, ms, pharmacy, hospital *party

	count    atomic.Int64
	http     *http.Client
	attacker func() (*cometbft.Node, error) // his own node, started when first asked for
	stop     func()                         // closes the stage, once
}

func newWorld(s *journey.Stage, a *alarms) *world {
	c := &s.Cast
	w := &world{Stage: s, alarms: a, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	for folder, p := range map[string]struct {
		at    **party
		actor *journey.Actor
	}{
		"office": {&w.office, &c.Governor}, "administration": {&w.da, &c.Administration}, "manufacturer": {&w.dm, &c.Manufacturer},
		"distributor": {&w.dd, &c.Distributor}, "supplier": {&w.ms, &c.Supplier},
		"pharmacy": {&w.pharmacy, &c.Pharmacy}, "hospital": {&w.hospital, &c.Hospital},
	} {
		dir := filepath.Join(s.Dir, folder)
		token, err := os.ReadFile(filepath.Join(dir, "token"))
		if err != nil {
			panic(err) // the stage has just read it
		}
		*p.at = &party{p.actor, dir, string(token)}
	}
	var node *cometbft.Node
	w.attacker = sync.OnceValues(func() (*cometbft.Node, error) {
		var err error
		node, err = w.startRogue()
		return node, err
	})
	w.stop = sync.OnceFunc(func() {
		w.http.CloseIdleConnections()
		var err error
		if node != nil {
			err = node.Stop()
		}
		if err := errors.Join(err, w.Close()); err != nil {
			fmt.Fprintln(os.Stderr, "stage:", err)
		}
	})
	return w
}

func (w *world) all() []*party {
	return []*party{w.office, w.da, w.dm, w.dd, w.ms, w.pharmacy, w.hospital}
}

// serial returns a number that no other test of this stage has.
func (w *world) serial() int64 { return w.count.Add(1) }

// store opens the key store of an organisation: the insider's way to his own keys.
func (p *party) store(t testing.TB) *keystore.Store {
	t.Helper()
	pass, err := keystore.ReadPassphrase(filepath.Join(p.dir, "passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := keystore.Open(filepath.Join(p.dir, "keys"), pass)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// signer returns the key with which the organisation signs now.
func (p *party) signer(t testing.TB) crypto.Signer {
	t.Helper()
	name, err := os.ReadFile(filepath.Join(p.dir, "signing-key"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.store(t).Signer(strings.TrimSpace(string(name)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// An answer is what an inbox says.
type answer struct {
	status  int
	code    string // of a problem
	detail  string
	receipt api.Receipt
}

// post hands raw bytes to an inbox.
func (w *world) post(t testing.TB, at *party, raw []byte) answer {
	t.Helper()
	return w.request(t, http.MethodPost, at, "/inbox", "", raw)
}

// request asks an organisation over its socket.
func (w *world) request(t testing.TB, method string, at *party, path, token string, body []byte) answer {
	t.Helper()
	a, err := w.try(t.Context(), method, at, path, token, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// try is request for goroutines beside the test's. A refusal that is no problem
// document is an error.
func (w *world) try(ctx context.Context, method string, at *party, path, token string, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, at.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := w.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode}
	if a.status < 300 {
		// What is no receipt has none of its members.
		_ = json.Unmarshal(raw, &a.receipt)
		return a, nil
	}
	var p api.Problem
	if err := json.Unmarshal(raw, &p); err != nil || res.Header.Get("Content-Type") != "application/problem+json" {
		return a, fmt.Errorf("%s %s: %s, no problem document: %.200s", method, path, res.Status, raw)
	}
	a.code, a.detail = p.Code, p.Detail
	return a, nil
}

// traces are what an attack must leave alone.
type traces struct {
	leaves uint64 // of the log
	mail   canon.ID
	audit  api.Entry // the newest
}

func (w *world) leaves(t testing.TB) uint64 {
	t.Helper()
	return get[api.Status](t, w.office, "/v1/status", nil).Root.LogSize
}

func (w *world) traces(t testing.TB, at *party) traces {
	t.Helper()
	out := traces{leaves: w.leaves(t), audit: newest(t, at)}
	if mail := get[api.Messages](t, at, "/v1/messages", url.Values{"limit": {"1"}}); len(mail.Items) > 0 {
		out.mail = mail.Items[0].ID
	}
	return out
}

func newest(t testing.TB, at *party) api.Entry {
	t.Helper()
	book := get[api.Entries](t, at, "/v1/audit", url.Values{"limit": {"1"}})
	if len(book.Items) == 0 {
		return api.Entry{}
	}
	return book.Items[0]
}

func get[T any](t testing.TB, at *party, path string, q url.Values) *T {
	t.Helper()
	v, err := client.Get[T](t.Context(), at.API, path, q)
	if err != nil {
		t.Fatalf("%s %s: %v", at.Name, path, err)
	}
	return v
}

// refused hands raw bytes to an inbox, which must refuse them for this reason,
// keep nothing, append nothing, and book it.
func (w *world) refused(t testing.TB, at *party, what string, raw []byte, status int, code string) {
	t.Helper()
	w.refuses(t, at, what, func() answer { return w.post(t, at, raw) }, status, code)
}

// refuses is refused for any request.
func (w *world) refuses(t testing.TB, at *party, what string, do func() answer, status int, code string) {
	t.Helper()
	before := w.traces(t, at)
	got := do()
	if got.status != status || got.code != code {
		t.Errorf("%s: %d %q (%s), want %d %q", what, got.status, got.code, got.detail, status, code)
	}
	after := w.traces(t, at)
	if after.leaves != before.leaves || after.mail != before.mail {
		t.Errorf("%s: log of %d leaves and newest message %s, want %d and %s", what, after.leaves, after.mail, before.leaves, before.mail)
	}
	if after.audit == before.audit || after.audit.Code != code {
		t.Errorf("%s: newest audit entry %+v, want one with code %q", what, after.audit, code)
	}
}

// accepted hands raw bytes to an inbox that must take them.
func (w *world) accepted(t testing.TB, at *party, what string, raw []byte) api.Receipt {
	t.Helper()
	a := w.post(t, at, raw)
	if a.status != http.StatusOK {
		t.Fatalf("%s: %d %q (%s), want it accepted", what, a.status, a.code, a.detail)
	}
	return a.receipt
}

// item returns a GTIN-14 under a company prefix.
func item(prefix, reference string) gs1.GTIN {
	digits := "0" + prefix + reference
	check, err := gs1.CheckDigit(digits)
	if err != nil {
		panic(err) // the digits are the tests' own
	}
	return gs1.GTIN(digits + string(check))
}

// one returns the only element that fits.
func one[T any](list []T, fits func(T) bool) (T, error) {
	var found []T
	for _, v := range list {
		if fits(v) {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		var none T
		return none, fmt.Errorf("%d found, want 1", len(found))
	}
	return found[0], nil
}
