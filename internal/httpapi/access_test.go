package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"theriac/api"
	"theriac/chain"
	"theriac/internal/access/accesstest"
	"theriac/internal/organisation"
)

// A console is an organisation that runs, and serves people at an origin.
type console struct {
	origin, token, gln string
	http               *http.Client

	mu  sync.Mutex
	now time.Time
}

func (c *console) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *console) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// openConsole runs a manufacturer that is a governor too.
func openConsole(t *testing.T, origin string) *console {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peers, err := organisation.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	c := &console{gln: organisation.ExampleGLN(1), now: time.Now()}
	dir := filepath.Join(t.TempDir(), "office")
	_, _, err = organisation.Found("console-test", c.now, []organisation.Plan{{
		Dir: dir, Founder: true, Validator: true, Settings: organisation.Settings{
			GLN: c.gln, Name: "Office", Roles: []chain.Role{chain.Governor, chain.Manufacturer}, Prefixes: []string{"9521141"}, Origin: origin,
			Listen: l.Addr().String(), Endpoint: "http://" + l.Addr().String(), Node: organisation.NodeSettings{Listen: peers},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	x, err := organisation.Open(t.Context(), dir, organisation.Options{Now: c.clock, Limit: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := organisation.Token(dir)
	if err != nil {
		t.Fatal(err)
	}
	c.origin, c.token = x.Settings.Console(), string(raw)
	// Whatever the console's name: here it is.
	c.http = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}}}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- x.Serve(ctx, l) }()
	t.Cleanup(func() {
		c.http.CloseIdleConnections()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// An answer is what came back, read.
type answer struct {
	*http.Response
	body []byte
}

func (a *answer) code() string {
	var p api.Problem
	if a.StatusCode < 400 || json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	return p.Code
}

func read[T any](t *testing.T, a *answer) T {
	t.Helper()
	var v T
	if a.StatusCode >= 300 || json.Unmarshal(a.body, &v) != nil {
		t.Fatalf("%d %s is no %T", a.StatusCode, a.body, v)
	}
	return v
}

// ask sends a request as it is: with these headers, from no browser.
func (c *console) ask(t *testing.T, method, path string, body any, header http.Header) *answer {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if body == nil {
		raw = nil
	}
	// TLS, where the origin has it, ends at a proxy.
	r, err := http.NewRequestWithContext(t.Context(), method, strings.Replace(c.origin, "https:", "http:", 1)+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		r.Header = header.Clone()
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	a := &answer{Response: res}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	return a
}

func (c *console) operator(t *testing.T, method, path string, body any) *answer {
	t.Helper()
	return c.ask(t, method, path, body, http.Header{"Authorization": {"Bearer " + c.token}})
}

func (c *console) invite(t *testing.T, name, role string) api.Invitation {
	t.Helper()
	return read[api.Invitation](t, c.operator(t, "POST", "/v1/people", map[string]string{"name": name, "role": role}))
}

// A browser is one with an authenticator, at a page of some origin.
type browser struct {
	*console
	cookie string
	origin string
	rp     virtualwebauthn.RelyingParty
	device virtualwebauthn.Authenticator
	key    virtualwebauthn.Credential
}

func (c *console) browser() *browser {
	host := strings.Split(strings.Split(c.origin, "//")[1], ":")[0]
	return &browser{
		console: c, origin: c.origin, rp: virtualwebauthn.RelyingParty{ID: host, Name: "Office", Origin: c.origin},
		device: virtualwebauthn.NewAuthenticator(), key: accesstest.Credential(),
	}
}

func (b *browser) ask(t *testing.T, method, path string, body any) *answer {
	t.Helper()
	return b.askWith(t, method, path, body, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {b.origin}})
}

func (b *browser) askWith(t *testing.T, method, path string, body any, h http.Header) *answer {
	t.Helper()
	if b.cookie != "" {
		h.Set("Cookie", b.cookie)
	}
	a := b.console.ask(t, method, path, body, h)
	for _, c := range a.Cookies() {
		if b.cookie = c.Name + "=" + c.Value; c.MaxAge < 0 {
			b.cookie = ""
		}
	}
	return a
}

// begin begins a ceremony; begun has what the page gets.
func (b *browser) begin(t *testing.T, what string, body any) api.Ceremony {
	t.Helper()
	return read[api.Ceremony](t, b.ask(t, "POST", "/v1/session/"+what, body))
}

// finish sends an authenticator's answer.
func (b *browser) finish(t *testing.T, what, ceremony, credential string) *answer {
	t.Helper()
	return b.ask(t, "PUT", "/v1/session/"+what, map[string]any{"ceremony": ceremony, "credential": json.RawMessage(credential)})
}

// attest has the authenticator make a passkey for the options of a ceremony.
func (b *browser) attest(t *testing.T, begun api.Ceremony) string {
	t.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(text(t, begun.Options))
	if err != nil {
		t.Fatal(err)
	}
	b.device.Options.UserHandle = []byte(options.UserID)
	return virtualwebauthn.CreateAttestationResponse(b.rp, b.device, b.key, *options)
}

// assert has the authenticator sign the challenge of a ceremony.
func (b *browser) assert(t *testing.T, begun api.Ceremony) string {
	t.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(text(t, begun.Options))
	if err != nil {
		t.Fatal(err)
	}
	return virtualwebauthn.CreateAssertionResponse(b.rp, b.device, b.key, *options)
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (b *browser) register(t *testing.T, code string) *answer {
	t.Helper()
	begun := b.begin(t, "registration", map[string]string{"code": code})
	return b.finish(t, "registration", begun.Ceremony, b.attest(t, begun))
}

func (b *browser) login(t *testing.T) *answer {
	t.Helper()
	begun := b.begin(t, "login", nil)
	return b.finish(t, "login", begun.Ceremony, b.assert(t, begun))
}

// enrolled returns a browser whose person is logged in.
func (c *console) enrolled(t *testing.T, name, role string) (*browser, api.Session) {
	t.Helper()
	b := c.browser()
	return b, read[api.Session](t, b.register(t, c.invite(t, name, role).Code))
}

func wantCode(t *testing.T, what string, a *answer, status int, code string) {
	t.Helper()
	if a.StatusCode != status || a.code() != code {
		t.Errorf("%s: %d %s, want %d %s", what, a.StatusCode, a.body, status, code)
	}
}

func wantStatus(t *testing.T, what string, a *answer, status int) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s: %d %s, want %d", what, a.StatusCode, a.body, status)
	}
}

// booked returns the newest entries of the audit book that an actor made.
func (c *console) booked(t *testing.T, actor string) []api.Entry {
	t.Helper()
	all := read[api.Entries](t, c.operator(t, "GET", "/v1/audit?limit=1000", nil))
	return slices.DeleteFunc(all.Items, func(e api.Entry) bool { return !strings.HasPrefix(e.Actor, actor) })
}

// A person registers with the code, is logged in, does what a policy permits, and
// is refused the rest; the audit book names person and policy.
func TestPersonAtWork(t *testing.T) {
	c := openConsole(t, "")
	wantCode(t, "the people, for nobody", c.ask(t, "GET", "/v1/people", nil, nil), 401, "unauthorised")
	i := c.invite(t, "Ada Lovelace", "clerk")
	if want := c.origin + "/console#invitation=" + i.Code; i.Link != want || !strings.HasPrefix(c.origin, "http://localhost:") {
		t.Errorf("link %s, want %s", i.Link, want)
	}
	b := c.browser()
	s := read[api.Session](t, b.register(t, i.Code))
	if s.Person.Name != "Ada Lovelace" || s.Person.Role != "clerk" || s.Person.ID != i.ID || s.Organisation.GLN != c.gln ||
		s.Organisation.Name != "Office" || !slices.Equal(s.Organisation.Roles, []chain.Role{chain.Governor, chain.Manufacturer}) {
		t.Errorf("session %+v", s)
	}
	for operation, want := range map[string]bool{"messages": true, "move": true, "material-requests": true, "material-supplies": false, "release": false, "people": false} {
		if slices.Contains(s.May, operation) != want {
			t.Errorf("may %v; %s: want %v", s.May, operation, want)
		}
	}
	if again := read[api.Session](t, b.ask(t, "GET", "/v1/session", nil)); text(t, again) != text(t, s) {
		t.Errorf("session %+v, then %+v", s, again)
	}
	wantStatus(t, "messages", b.ask(t, "GET", "/v1/messages", nil), 200)
	for path, operation := range map[string]string{"/v1/keys": "rotate", "/v1/people": "invite", "/v1/applications/" + s.Person.ID.String() + "/admission": "admit"} {
		wantCode(t, operation, b.ask(t, "POST", path, map[string]string{}), 403, "forbidden")
		if got := c.booked(t, "person "+s.Person.ID.String())[0]; got.Action != operation || got.Code != "forbidden" || got.Policy != "" {
			t.Errorf("booked %+v", got)
		}
	}
	move := map[string]any{"packs": []string{}, "from": "active", "to": "dispensed", "batch": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "ranges": []any{map[string]int{"from": 0, "to": 1}}}
	wantCode(t, "move", b.ask(t, "POST", "/v1/moves", move), 404, "unknown_batch")
	got := c.booked(t, "person ")[0]
	if got.Actor != "person "+s.Person.ID.String()+" Ada Lovelace" || got.Policy != "clerk" || got.Code != "unknown_batch" {
		t.Errorf("booked %+v", got)
	}
	// The same as clerk of the desk's, by the operator.
	wantCode(t, "move", c.operator(t, "POST", "/v1/moves", move), 404, "unknown_batch")
	if got := c.booked(t, "operator")[0]; got.Policy != "" || got.Code != "unknown_batch" {
		t.Errorf("booked %+v", got)
	}
	// A wrong token is not mended by a session.
	wantCode(t, "a wrong token", b.askWith(t, "GET", "/v1/messages", nil, http.Header{"Authorization": {"Bearer x"}}), 401, "unauthorised")

	wantStatus(t, "appoint", c.operator(t, "PUT", "/v1/people/"+i.ID.String(), map[string]string{"role": "reader"}), 200)
	wantCode(t, "move as reader", b.ask(t, "POST", "/v1/moves", move), 403, "forbidden")
	found := read[api.People](t, c.operator(t, "GET", "/v1/people", nil))
	if len(found.Items) != 1 || found.Items[0].Passkeys != 1 || found.Items[0].Invited != "" || found.Items[0].LastSeen == "" || found.Items[0].Role != "reader" {
		t.Errorf("people %+v", found)
	}
}

// Whatever is sent for a person, it is refused by name and nobody is entered.
func TestBadPeople(t *testing.T) {
	c := openConsole(t, "")
	for _, p := range []map[string]string{
		{"name": "", "role": "reader"},
		{"name": " x", "role": "reader"},
		{"name": "a\nb", "role": "reader"},
		{"name": "\u202egnirts", "role": "reader"},
		{"name": strings.Repeat("x", 101), "role": "reader"},
		{"name": "x", "role": "root"},
		{"name": "x", "role": ""},
	} {
		wantCode(t, p["name"]+"/"+p["role"], c.operator(t, "POST", "/v1/people", p), 422, "bad_person")
	}
	none := "/v1/people/AAAAAAAAAAAAAAAAAAAAAA"
	wantCode(t, "dismiss nobody", c.operator(t, "DELETE", none, nil), 404, "not_found")
	wantCode(t, "appoint nobody", c.operator(t, "PUT", none, map[string]string{"role": "reader"}), 404, "not_found")
	wantCode(t, "reinvite nobody", c.operator(t, "POST", none+"/invitation", map[string]bool{}), 404, "not_found")
	wantCode(t, "no such role", c.operator(t, "PUT", none, map[string]string{"role": "king"}), 422, "bad_person")
	wantCode(t, "no such id", c.operator(t, "DELETE", "/v1/people/x", nil), 400, "bad_request")
	if found := read[api.People](t, c.operator(t, "GET", "/v1/people", nil)); len(found.Items) != 0 {
		t.Errorf("people %+v", found)
	}
}
