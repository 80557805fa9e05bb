package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"theriac/api"
	"theriac/internal/access"
	"theriac/internal/access/accesstest"
	"theriac/internal/organisation"
)

// Attack web-01: a code is used again, raced for, guessed, or used too late.
func TestInvitationIsGoodOnce(t *testing.T) {
	c := openConsole(t, "")
	i := c.invite(t, "Once", "reader")
	var group sync.WaitGroup
	answers := make([]*answer, 4)
	begin := make(chan struct{})
	for n := range answers {
		b := c.browser()
		begun := b.begin(t, "registration", map[string]string{"code": i.Code})
		made := b.attest(t, begun)
		group.Go(func() {
			<-begin
			answers[n] = b.finish(t, "registration", begun.Ceremony, made)
		})
	}
	close(begin)
	group.Wait()
	won := 0
	for _, a := range answers {
		if a.StatusCode == http.StatusOK {
			won++
		} else {
			wantCode(t, "who came second", a, 403, "invitation_refused")
		}
	}
	if found := read[api.People](t, c.operator(t, "GET", "/v1/people", nil)); won != 1 || found.Items[0].Passkeys != 1 {
		t.Errorf("%d of %d registered: %+v", won, len(answers), found)
	}
	try := func(code string) *answer {
		return c.browser().ask(t, "POST", "/v1/session/registration", map[string]string{"code": code})
	}
	wantCode(t, "the code again", try(i.Code), 403, "invitation_refused")
	wantCode(t, "another code", try("AAAAAAAAAAAAAAAAAAAAAA"), 403, "invitation_refused")

	late := c.invite(t, "Late", "reader")
	b := c.browser()
	c.wait(24*time.Hour - time.Minute)
	begun := b.begin(t, "registration", map[string]string{"code": late.Code})
	c.wait(time.Minute)
	wantCode(t, "an expired code", try(late.Code), 403, "invitation_refused")
	wantCode(t, "a code that expired meanwhile", b.finish(t, "registration", begun.Ceremony, b.attest(t, begun)), 403, "invitation_refused")

	path := "/v1/people/" + late.ID.String() + "/invitation"
	first := read[api.Invitation](t, c.operator(t, "POST", path, map[string]bool{}))
	second := read[api.Invitation](t, c.operator(t, "POST", path, map[string]bool{}))
	wantCode(t, "a code that was replaced", try(first.Code), 403, "invitation_refused")
	wantStatus(t, "the last code", b.register(t, second.Code), 200)
}

// Attack web-01: codes are tried. A wrong one costs as much as eleven look-ups.
func TestCodesAreNotGuessed(t *testing.T) {
	begin := time.Now()
	o := open(t, organisation.Options{Limit: 1, Now: func() time.Time { return begin }})
	for path, body := range map[string]string{
		"POST /v1/session/registration": `{"code":"AAAAAAAAAAAAAAAAAAAAAA"}`,
		"PUT /v1/session/registration":  `{"ceremony":"AA","credential":{}}`,
		"PUT /v1/session/login":         `{"ceremony":"AA","credential":{}}`,
	} {
		method, path, _ := strings.Cut(path, " ")
		tries := 0
		for ; tries < 20; tries++ {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.RemoteAddr = "192.0.2." + strconv.Itoa(len(method)+len(path)) + ":1"
			if w := o.ask(r); w.Code == http.StatusTooManyRequests {
				break
			}
		}
		if tries != 2 {
			t.Errorf("%s: %d tries, want 2", path, tries)
		}
	}
}

// Attack web-02: an authenticator's answer is replayed, comes late, for another
// ceremony, from a page of another origin, for another party, or without its
// owner having been asked.
func TestCeremonies(t *testing.T) {
	c := openConsole(t, "")
	b, _ := c.enrolled(t, "Grace", "reader")
	begun := b.begin(t, "login", nil)
	signed := b.assert(t, begun)
	b.key.Counter++
	wantStatus(t, "login", b.finish(t, "login", begun.Ceremony, b.assert(t, begun)), 200)
	wantCode(t, "the ceremony again", b.finish(t, "login", begun.Ceremony, signed), 409, "ceremony_over")

	fresh := func() (*browser, api.Ceremony) {
		other := *b
		return &other, other.begin(t, "login", nil)
	}
	for name, spoil := range map[string]func(b *browser, begun *api.Ceremony){
		"another origin": func(b *browser, _ *api.Ceremony) { b.rp.Origin = "http://evil.example" },
		"another port":   func(b *browser, _ *api.Ceremony) { b.rp.Origin = "http://localhost:1" },
		"the address": func(b *browser, _ *api.Ceremony) {
			b.rp.Origin = strings.Replace(b.origin, "localhost", "127.0.0.1", 1)
		},
		"another party":   func(b *browser, _ *api.Ceremony) { b.rp.ID = "evil.example" },
		"nobody verified": func(b *browser, _ *api.Ceremony) { b.device.Options.UserNotVerified = true },
		"nobody there":    func(b *browser, _ *api.Ceremony) { b.device.Options.UserNotPresent = true },
		"another key": func(b *browser, _ *api.Ceremony) {
			b.key.Key = accesstest.Credential().Key
		},
		"a key that is unknown": func(b *browser, _ *api.Ceremony) { b.key = accesstest.Credential() },
		"another person":        func(b *browser, _ *api.Ceremony) { b.device.Options.UserHandle = make([]byte, 16) },
		"no person":             func(b *browser, _ *api.Ceremony) { b.device.Options.UserHandle = nil },
		"challenge of another": func(_ *browser, begun *api.Ceremony) {
			*begun = api.Ceremony{Ceremony: begun.Ceremony, Options: signOptions(t, c)}
		},
		"eligibility for backup": func(b *browser, _ *api.Ceremony) { b.device.Options.BackupEligible = true },
	} {
		other, begun := fresh()
		ceremony := begun.Ceremony
		other.key.Counter += 5
		spoil(other, &begun)
		wantCode(t, name, other.finish(t, "login", ceremony, other.assert(t, begun)), 403, "passkey_refused")
	}
	other, begun := fresh()
	other.key.Counter += 5
	wantCode(t, "registration by a login", other.finish(t, "registration", begun.Ceremony, other.assert(t, begun)), 409, "ceremony_over")
	wantCode(t, "a bent ceremony", other.finish(t, "login", "A"+begun.Ceremony[1:], other.assert(t, begun)), 409, "ceremony_over")
	for _, junk := range []string{`null`, `{}`, `[]`, `"x"`, `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
		wantCode(t, "credential "+junk, other.finish(t, "login", begun.Ceremony, junk), 403, "passkey_refused")
	}
	c.wait(5 * time.Minute)
	wantCode(t, "too late", other.finish(t, "login", begun.Ceremony, other.assert(t, begun)), 409, "ceremony_over")
	other, begun = fresh()
	c.wait(5*time.Minute - time.Second)
	other.key.Counter += 5
	wantStatus(t, "in time", other.finish(t, "login", begun.Ceremony, other.assert(t, begun)), 200)
}

// signOptions are the options of another ceremony.
func signOptions(t *testing.T, c *console) any {
	t.Helper()
	return c.browser().begin(t, "login", nil).Options
}

// Registration is held to the same.
func TestRegistrations(t *testing.T) {
	c := openConsole(t, "")
	i := c.invite(t, "Alan", "reader")
	for name, spoil := range map[string]func(b *browser){
		"another origin":  func(b *browser) { b.rp.Origin = "http://evil.example" },
		"another party":   func(b *browser) { b.rp.ID = "evil.example" },
		"nobody verified": func(b *browser) { b.device.Options.UserNotVerified = true },
	} {
		b := c.browser()
		spoil(b)
		wantCode(t, name, b.register(t, i.Code), 403, "passkey_refused")
	}
	b := c.browser()
	wantStatus(t, "the code is still good", b.register(t, i.Code), 200)
	// A passkey that is another's already.
	thief := c.browser()
	thief.key = b.key
	wantCode(t, "a passkey of another", thief.register(t, c.invite(t, "Thief", "administrator").Code), 403, "passkey_refused")
}

// Attack web-03: a copy of a passkey is used beside it.
func TestClonedPasskey(t *testing.T) {
	c := openConsole(t, "")
	b, s := c.enrolled(t, "Ida", "clerk")
	b.key.Counter = 7
	wantStatus(t, "login", b.login(t), 200)
	clone := c.browser()
	clone.device, clone.key = b.device, b.key
	wantCode(t, "the same count", clone.login(t), 403, "passkey_cloned")
	clone.key.Counter = 3
	wantCode(t, "a smaller count", clone.login(t), 403, "passkey_cloned")
	got := c.booked(t, "person "+s.Person.ID.String())[0]
	if got.Action != "login" || got.Code != "passkey_cloned" {
		t.Errorf("booked %+v", got)
	}
	b.key.Counter = 8
	wantStatus(t, "the next count", b.login(t), 200)
}

// Attack web-04: a session is used after it ended.
func TestSessionsEnd(t *testing.T) {
	c := openConsole(t, "")
	alive := func(b *browser) bool { return b.ask(t, "GET", "/v1/session", nil).StatusCode == http.StatusOK }
	for name, end := range map[string]func(b *browser, s api.Session){
		"logout": func(b *browser, _ api.Session) {
			old := b.cookie
			wantStatus(t, "logout", b.ask(t, "DELETE", "/v1/session", nil), 204)
			if b.cookie != "" {
				t.Error("the browser keeps the cookie")
			}
			b.cookie = old
		},
		"dismissal": func(_ *browser, s api.Session) {
			wantStatus(t, "dismiss", c.operator(t, "DELETE", "/v1/people/"+s.Person.ID.String(), nil), 204)
		},
		"a lost passkey": func(_ *browser, s api.Session) {
			a := c.operator(t, "POST", "/v1/people/"+s.Person.ID.String()+"/invitation", map[string]bool{"drop": true})
			wantStatus(t, "reinvite", a, 200)
		},
		"idleness": func(b *browser, _ api.Session) {
			c.wait(access.Idle - time.Second)
			if !alive(b) {
				t.Error("a session that is used ended")
			}
			c.wait(access.Idle)
		},
		"age": func(b *browser, _ api.Session) {
			for range int(access.Lifetime/access.Idle)*2 - 1 {
				c.wait(access.Idle / 2)
				if !alive(b) {
					t.Fatal("a session that is used ended")
				}
			}
			c.wait(access.Idle / 2)
		},
	} {
		b, s := c.enrolled(t, "Edsger "+name, "clerk")
		if !alive(b) {
			t.Errorf("%s: no session", name)
		}
		end(b, s)
		wantCode(t, "session after "+name, b.ask(t, "GET", "/v1/session", nil), 401, "unauthorised")
		wantCode(t, "messages after "+name, b.ask(t, "GET", "/v1/messages", nil), 401, "unauthorised")
		if name == "dismissal" || name == "a lost passkey" {
			wantCode(t, "login after "+name, b.login(t), 403, "passkey_refused")
		}
	}
}

// Attack web-05: scripts, other sites and who listens take the cookie, or plant one.
func TestCookies(t *testing.T) {
	for origin, want := range map[string]http.Cookie{
		"":                                 {Name: "theriac-9521141000014"},
		"https://console.example":          {Name: "__Host-theriac-9521141000014", Secure: true},
		"https://console.theriac.test:844": {Name: "__Host-theriac-9521141000014", Secure: true},
	} {
		c := openConsole(t, origin)
		want.Name = want.Name[:len(want.Name)-len(c.gln)] + c.gln
		b := c.browser()
		planted := want.Name + "=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		b.cookie = planted
		a := b.register(t, c.invite(t, "Barbara", "reader").Code)
		wantStatus(t, "register", a, 200)
		got := a.Cookies()
		if len(got) != 1 || got[0].Name != want.Name || got[0].Secure != want.Secure || !got[0].HttpOnly || got[0].SameSite != http.SameSiteStrictMode ||
			got[0].Path != "/" || got[0].Domain != "" || got[0].MaxAge != int(access.Lifetime.Seconds()) || len(got[0].Value) != 43 {
			t.Errorf("%s: cookie %v", origin, got)
		}
		first := b.cookie
		if first == planted {
			t.Error("the planted token is the session's")
		}
		b.key.Counter++
		wantStatus(t, "login", b.login(t), 200)
		if b.cookie == first {
			t.Error("another login, the same token")
		}
		next := b.cookie
		for what, cookie := range map[string]string{"the token before": first, "two tokens": first + "; " + next, "another name": strings.Replace(next, "theriac", "theriad", 1), "planted": planted} {
			b.cookie = cookie
			wantCode(t, what, b.ask(t, "GET", "/v1/session", nil), 401, "unauthorised")
		}
		b.cookie = next
		wantStatus(t, "the token", b.ask(t, "GET", "/v1/session", nil), 200)
	}
}

// Attack web-06: a page of another origin sends what its visitor's cookie opens.
func TestCrossOrigin(t *testing.T) {
	c := openConsole(t, "")
	b, _ := c.enrolled(t, "Leslie", "administrator")
	for name, h := range map[string]http.Header{
		"cross-site":                       {"Sec-Fetch-Site": {"cross-site"}},
		"another port":                     {"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://localhost:1"}},
		"typed":                            {"Sec-Fetch-Site": {"none"}},
		"origin of another":                {"Origin": {"http://evil.example"}},
		"origin null":                      {"Origin": {"null"}},
		"the address for the name":         {"Origin": {strings.Replace(c.origin, "localhost", "127.0.0.1", 1)}},
		"same-origin, but another origin":  {"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://evil.example"}},
		"nothing says where it comes from": {},
	} {
		for method, path := range map[string]string{"POST": "/v1/keys", "DELETE": "/v1/session", "PUT": "/v1/session/login"} {
			wantCode(t, method+" "+name, b.askWith(t, method, path, map[string]string{}, h.Clone()), 403, "cross_origin")
		}
		h.Set("Idempotency-Key", "k")
		wantCode(t, "with a key, "+name, b.askWith(t, "POST", "/v1/people", map[string]string{"name": "E", "role": "administrator"}, h), 403, "cross_origin")
	}
	if found := read[api.People](t, c.operator(t, "GET", "/v1/people", nil)); len(found.Items) != 1 {
		t.Errorf("people %+v", found)
	}
	for _, h := range []http.Header{{"Origin": {c.origin}}, {"Sec-Fetch-Site": {"same-origin"}}} {
		wantStatus(t, "our own page", b.askWith(t, "POST", "/v1/people", map[string]string{"name": "New", "role": "reader"}, h), 200)
	}
	if res := b.askWith(t, "GET", "/v1/people", nil, http.Header{"Origin": {"http://evil.example"}}); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("another origin may read")
	}
}

// Attack web-07: one person names a request as another did, to get the answer or to
// be taken for the other's operation.
func TestIdempotencyKeysAreAPersons(t *testing.T) {
	c := openConsole(t, "")
	ada, _ := c.enrolled(t, "Ada", "administrator")
	eve, _ := c.enrolled(t, "Eve", "administrator")
	send := func(b *browser, path, key string, body any) *answer {
		return b.askWith(t, "POST", path, body, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Idempotency-Key": {key}})
	}
	body := map[string]any{"member": c.gln, "roles": []string{"governor", "manufacturer"}, "prefixes": []string{"9521141"}, "status": "active"}
	first, again, other := send(ada, "/v1/standings", "one", body), send(ada, "/v1/standings", "one", body), send(eve, "/v1/standings", "one", body)
	operators := c.ask(t, "POST", "/v1/standings", body, http.Header{"Authorization": {"Bearer " + c.token}, "Idempotency-Key": {"one"}})
	proposals := map[string]bool{}
	for _, a := range []*answer{first, again, other, operators} {
		proposals[read[api.Decision](t, a).Proposal.String()] = true
	}
	if len(proposals) != 3 || string(first.body) != string(again.body) || again.Header.Get("Idempotent-Replayed") != "true" || other.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("%s, %s, %s, %s", first.body, again.body, other.body, operators.body)
	}
	// A code is in no answer that is kept; its person is entered once.
	guest := map[string]string{"name": "Guest", "role": "reader"}
	read[api.Invitation](t, send(ada, "/v1/people", "guest", guest))
	wantCode(t, "the code again", send(ada, "/v1/people", "guest", guest), 409, "exists")
	// What a policy refused is asked anew when the role is another.
	people := read[api.People](t, c.operator(t, "GET", "/v1/people", nil)).Items
	i := slices.IndexFunc(people, func(p api.Person) bool { return p.Name == "Eve" })
	as := func(role string) {
		wantStatus(t, "appoint", c.operator(t, "PUT", "/v1/people/"+people[i].ID.String(), map[string]string{"role": role}), 200)
	}
	as("clerk")
	wantCode(t, "as clerk", send(eve, "/v1/standings", "two", body), 403, "forbidden")
	as("administrator")
	wantStatus(t, "as administrator", send(eve, "/v1/standings", "two", body), 200)
	wantStatus(t, "dismiss", c.operator(t, "DELETE", "/v1/people/"+people[i].ID.String(), nil), 204)
	wantCode(t, "dismissed", send(eve, "/v1/standings", "two", body), 401, "unauthorised")
}

// The organisation keeps an administrator who can log in.
func TestLastAdministrator(t *testing.T) {
	c := openConsole(t, "")
	ada, s := c.enrolled(t, "Ada", "administrator")
	me := "/v1/people/" + s.Person.ID.String()
	waiting := read[api.Invitation](t, ada.ask(t, "POST", "/v1/people", map[string]string{"name": "Grace", "role": "administrator"}))
	wantCode(t, "dismiss the last", ada.ask(t, "DELETE", me, nil), 409, "last_administrator")
	wantCode(t, "lower the last", ada.ask(t, "PUT", me, map[string]string{"role": "reader"}), 409, "last_administrator")
	wantCode(t, "by the operator", c.operator(t, "DELETE", me, nil), 409, "last_administrator")
	wantStatus(t, "Grace registers", c.browser().register(t, waiting.Code), 200)
	// Two lower each other at once: one stays.
	codes := make([]string, 2)
	var group sync.WaitGroup
	for i, path := range []string{me, "/v1/people/" + waiting.ID.String()} {
		group.Go(func() {
			codes[i] = c.operator(t, "PUT", path, map[string]string{"role": "reader"}).code()
		})
	}
	group.Wait()
	slices.Sort(codes)
	if !slices.Equal(codes, []string{"", "last_administrator"}) {
		t.Errorf("both lowered at once: %q", codes)
	}
}
