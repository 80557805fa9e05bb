package organisation

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/internal/cometbft"
)

const chainID = "organisation-test"

// must unwraps a result that the test cannot do without.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// planOf returns an organisation that founds; the first one has the node.
func planOf(t testing.TB, n int, role chain.Role) Plan {
	t.Helper()
	listen := must(FreePort())(t)
	s := Settings{
		GLN: ExampleGLN(n), Name: string(role), Roles: []chain.Role{role}, Listen: listen, Endpoint: "http://" + listen,
	}
	p := Plan{Dir: filepath.Join(t.TempDir(), string(role)), Settings: s, Founder: true, Validator: role == chain.Governor}
	if p.Validator {
		p.Settings.Node.Listen = must(FreePort())(t)
	}
	return p
}

// A running organisation serves its API.
type running struct {
	*Organisation
	dir   string
	token string
	api   *client.Client
	stop  func()
}

// run opens and serves an organisation; to is how its own operator calls it.
func run(t testing.TB, dir string, node *cometbft.Node, to func(*client.Client) *client.Client) *running {
	t.Helper()
	x := must(Open(t.Context(), dir, Options{Node: node}))(t)
	l, err := net.Listen("tcp", x.Settings.Listen)
	if err != nil {
		t.Fatal(err, x.Close())
	}
	token := string(must(Token(dir))(t))
	c := must(client.New(x.Settings.Endpoint, token))(t)
	if to != nil {
		c = to(c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- x.Serve(ctx, l) }()
	r := &running{Organisation: x, dir: dir, token: token, api: c}
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-ended, x.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(r.stop)
	return r
}

func (r *running) ready(t testing.TB) {
	t.Helper()
	until(t, "the node is ready", func() bool {
		_, err := r.api.Raw(t.Context(), "/readyz", nil)
		return err == nil
	})
}

// until waits for what the organisations do by themselves.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not in a minute", what)
		case <-tick.C:
		}
	}
}

// A materialRequest is exchange 1, as an operator sends it.
type materialRequest struct {
	api.Address
	Content struct {
		Material string `json:"material"`
		Product  string `json:"product"`
	} `json:"content"`
}

// request has one organisation ask another for material and waits for the receipt.
func request(t testing.TB, from, to *running, material string) *api.Message {
	t.Helper()
	var m materialRequest
	m.To, m.Case, m.Content.Material, m.Content.Product = to.Settings.GLN, "case-1", material, "tablets"
	sent := must(client.Post[api.Message](t.Context(), from.api, "/v1/material-requests", "", m))(t)
	until(t, "the message is delivered", func() bool {
		sent = must(client.Get[api.Message](t.Context(), from.api, "/v1/messages/"+sent.ID.String(), nil))(t)
		return sent.Status != "queued"
	})
	if sent.Status != "sent" || sent.Receipt == nil || sent.Receipt.Envelope == "" {
		t.Fatalf("the message is %s (%s)", sent.Status, sent.Code)
	}
	return sent
}

// town founds an office with the node, a manufacturer and a supplier.
func town(t testing.TB, change func(*Plan)) []Plan {
	t.Helper()
	plans := []Plan{planOf(t, 1, chain.Governor), planOf(t, 2, chain.Manufacturer), planOf(t, 3, chain.Supplier)}
	if change != nil {
		for i := range plans {
			change(&plans[i])
		}
	}
	genesis, trust, err := Found(chainID, time.Now(), plans)
	if err != nil || len(genesis) == 0 || len(trust) == 0 {
		t.Fatalf("Found = %d, %d bytes, %v", len(genesis), len(trust), err)
	}
	return plans
}

func members(t testing.TB, r *running) map[string][]canon.Digest {
	t.Helper()
	out := map[string][]canon.Digest{}
	for _, m := range *must(client.Get[[]api.Member](t.Context(), r.api, "/v1/members", nil))(t) {
		for _, k := range m.Keys {
			out[m.GLN] = append(out[m.GLN], k.ID)
		}
	}
	return out
}

// Found makes organisations that are members from the first block on and trade.
func TestFound(t *testing.T) {
	plans := town(t, nil)
	office := run(t, plans[0].Dir, nil, nil)
	office.ready(t)
	maker := run(t, plans[1].Dir, office.Node, nil)
	supplier := run(t, plans[2].Dir, office.Node, nil)
	if got := members(t, office); len(got) != 3 {
		t.Errorf("members %v, want the three founders", got)
	}
	request(t, maker, supplier, "paracetamol")

	// Who founds again finds all as it was.
	before := snapshot(t, plans[1].Dir)
	if err := Create(plans[1].Dir, plans[1].Settings, false); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, before, snapshot(t, plans[1].Dir))
}

// What two nodes hold of each other is their addresses, each other's and not their own.
func TestFoundConnectsValidators(t *testing.T) {
	plans := []Plan{planOf(t, 1, chain.Governor), planOf(t, 2, chain.Governor)}
	plans[1].Dir += "-2"
	if _, _, err := Found(chainID, time.Now(), plans); err != nil {
		t.Fatal(err)
	}
	for i, p := range plans {
		id := must(cometbft.InitHome(NodeHome(plans[1-i].Dir)))(t)
		got := must(LoadSettings(p.Dir))(t).Node.Peers
		if want := id + "@" + plans[1-i].Settings.Node.Listen; len(got) != 1 || got[0] != want {
			t.Errorf("peers %q, want %q", got, want)
		}
	}
}

func TestFoundRefuses(t *testing.T) {
	p := planOf(t, 1, chain.Governor)
	p.Settings.Roles = []chain.Role{"wizard"}
	if _, _, err := Found(chainID, time.Now(), []Plan{p}); err == nil {
		t.Error("Found took a role that is none")
	}
	p = planOf(t, 1, chain.Governor)
	p.Settings.GLN = "1"
	if _, _, err := Found(chainID, time.Now(), []Plan{p}); err == nil {
		t.Error("Found took a GLN that is none")
	}
}

// An organisation does not open without a file that it needs, and then leaves
// nothing open.
func TestOpenRefuses(t *testing.T) {
	plans := town(t, nil)
	dir := plans[1].Dir
	office := run(t, plans[0].Dir, nil, nil)
	for _, name := range []string{settingsFile, passphraseFile, tokenFile, inUse, filepath.Join(keysFolder, "signing-1.key.age")} {
		away := filepath.Join(t.TempDir(), "away")
		if err := os.Rename(filepath.Join(dir, name), away); err != nil {
			t.Fatal(err)
		}
		if x, err := Open(t.Context(), dir, Options{Node: office.Node}); err == nil {
			t.Errorf("opened without %s: %v", name, x.Close())
		}
		if err := os.Rename(away, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if x := must(Open(t.Context(), dir, Options{Node: office.Node}))(t); x.Close() != nil {
		t.Error("Close failed")
	}
}
