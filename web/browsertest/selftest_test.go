package browsertest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"theriac/internal/browser"
)

// asked says whether the page has asked for the evidence of its self-test.
const asked = `performance.getEntriesByType('resource').some((e) => /known/.test(e.name))`

// A browser that answers the first questions well, and then takes any signature, is
// found out by the self-test: what the page had shown until then is void.
func TestSelfTestFindsALateLiar(t *testing.T) {
	s := play(t)
	p := tab(t, start(t, browser.Config{}), "about:blank")
	must(t, p.Before(`{
		const honest = SubtleCrypto.prototype.verify
		let asked = 0
		SubtleCrypto.prototype.verify = function (...a) { return asked++ < 10 ? honest.apply(this, a) : Promise.resolve(true) }
	}`))
	must(t, p.Go(s.Stage.Cast.Pharmacy.Endpoint))
	check(t, p, s.fresh(t))
	must(t, p.Until(`document.querySelector('#verdict').dataset.why === 'no_crypto'`))
	shown, why := check(t, p, s.fresh(t))
	expect(t, shown, why, "cannot_check", "no_crypto")
}

// The self-test's evidence is not there: the page goes on without.
func TestSelfTestWithoutEvidence(t *testing.T) {
	s := play(t)
	to, err := url.Parse(s.Stage.Cast.Pharmacy.Endpoint)
	must(t, err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	for name, instead := range map[string]http.HandlerFunc{
		"missing": http.NotFound,
		"another's page": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<!doctype html><title>Log in</title>"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/assets/known") {
					instead(w, r)
					return
				}
				proxy.ServeHTTP(w, r)
			}))
			t.Cleanup(front.Close)
			p := tab(t, start(t, browser.Config{}), front.URL)
			must(t, p.Until(asked))
			shown, why := check(t, p, s.fresh(t))
			expect(t, shown, why, "genuine", "")
		})
	}
}

// What the page loads to be shown does not hold the self-test's evidence: it comes by
// itself, later.
func TestSelfTestComesLater(t *testing.T) {
	s := play(t)
	answer, err := http.Get(s.Stage.Cast.Pharmacy.Endpoint)
	must(t, err)
	defer answer.Body.Close()
	html := new(strings.Builder)
	must(t, answer.Write(html))
	if strings.Contains(html.String(), "known") || !strings.Contains(html.String(), "/assets/useCheck") {
		t.Errorf("the page loads at once:\n%s", html)
	}
	p := tab(t, start(t, browser.Config{}), s.Stage.Cast.Pharmacy.Endpoint)
	must(t, p.Until(asked))
	clean(t, p)
}
