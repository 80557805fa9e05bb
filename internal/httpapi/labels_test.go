package httpapi_test

import (
	"bytes"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"theriac/internal/organisation"
)

// The symbol of a code is drawn for anybody, and only as it was asked for.
func TestSymbolIsDrawn(t *testing.T) {
	o := open(t, organisation.Options{Limit: 1e9})
	const pack = "(01)09521141000014(17)290331(10)L1(21)A1"
	for _, tt := range []struct {
		name, code, query string
		status            int
		media, problem    string
	}{
		{"DataMatrix", pack, "", 200, "image/png", ""},
		{"QR", pack, "&symbol=qr", 200, "image/png", ""},
		{"drawing", pack, "&symbol=qr&picture=svg", 200, "image/svg+xml", ""},
		{"link for a code", "https://id.gs1.org/01/09521141000014/21/A1", "", 200, "image/png", ""},
		{"slip in the code", "(01)09521141000015(21)A1", "", 400, "", "bad_identifier"},
		{"too long", strings.Repeat("0", 2001), "", 400, "", "bad_request"},
		{"no product", "(00)340123451111111111", "", 422, "", "bad_label_code"},
		{"more than a label has", pack + "(11)260101", "", 422, "", "bad_label_code"},
		{"another symbol", pack, "&symbol=aztec", 422, "", "unknown_symbol"},
		{"another picture", pack, "&picture=gif", 422, "", "unknown_picture"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := o.ask(httptest.NewRequest(http.MethodGet, "/v1/symbol?id="+url.QueryEscape(tt.code)+tt.query, nil))
			if w.Code != tt.status {
				t.Fatalf("%d %.300s", w.Code, w.Body)
			}
			if tt.problem != "" {
				if p := problem(t, w); p.Code != tt.problem {
					t.Errorf("code %s, want %s", p.Code, tt.problem)
				}
				return
			}
			if got := w.Header().Get("Content-Type"); got != tt.media {
				t.Errorf("Content-Type %q, want %q", got, tt.media)
			}
			if tt.media == "image/png" {
				if _, err := png.Decode(w.Body); err != nil {
					t.Error(err)
				}
			} else if !bytes.HasPrefix(w.Body.Bytes(), []byte("<svg ")) {
				t.Errorf("%.100s is no drawing", w.Body)
			}
		})
	}
}

func TestLabelsAreRefused(t *testing.T) {
	o := open(t, organisation.Options{})
	const batch = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, tt := range []struct{ target, code string }{
		{batch + "/labels?count=1", "not_found"},
		{batch + "/labels?count=1&sheet=4x4", "unknown_sheet"},
		{batch + "/labels?count=1&symbol=ean13", "unknown_symbol"},
		{batch + "/labels", "bad_request"},
		{batch + "/labels?count=-1", "bad_request"},
		{"x/labels?count=1", "bad_request"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/v1/batches/"+tt.target, nil)
		r.Header.Set("Authorization", "Bearer "+o.token)
		if p := problem(t, o.ask(r)); p.Code != tt.code {
			t.Errorf("%s: %s, want %s", tt.target, p.Code, tt.code)
		}
	}
}
