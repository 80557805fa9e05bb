package genuine_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/genuine"
)

// leaks are the ways in which bytes may show.
func leaks(secret []byte) []string {
	out := []string{
		string(secret), hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret)), canon.Text(secret),
		base64.StdEncoding.EncodeToString(secret), fmt.Sprintf("%q", secret),
	}
	for _, verb := range []string{"%d", "%#v", "%x", "% x", "%o", "%b", "%c", "%v"} {
		s := fmt.Sprintf(verb, secret)
		out = append(out, strings.Trim(s[strings.LastIndexAny(s, "{[")+1:], "[]{}"))
	}
	j, _ := json.Marshal([]byte(secret)) // bytes always encode
	ints := strings.ReplaceAll(strings.Trim(fmt.Sprint(secret), "[]"), " ", ",")
	return append(out, string(j), ints)
}

// Secrets print as [secret] whatever the verb, alone and within others, and no log has
// them. Only CBOR, which is sealed, does.
func TestSecretsDoNotPrint(t *testing.T) {
	s := newScene(t)
	code := genuine.NewCode([]byte("secret"), "S1")
	c := s.challenge(3)
	random := c.Transaction.Random
	s.plan.Secret = [32]byte(bytes.Repeat([]byte{0xa7, 0x31, 0x5c, 0xe2}, 8))
	for name, tt := range map[string]struct {
		secret []byte
		values []any
		json   bool // is hidden there too
	}{
		"judgment":    {s.key.J[:], []any{s.key.J, &s.key.J, struct{ K genuine.Judgment }{s.key.J}, []genuine.Judgment{s.key.J}, map[string]any{"J": s.key.J}}, true},
		"line key":    {s.key.J[:], []any{s.key, &s.key, struct{ K genuine.LineKey }{s.key}, struct{ K *genuine.LineKey }{&s.key}, []genuine.LineKey{s.key}}, true},
		"salt":        {s.key.Salt[:], []any{s.key, &s.key}, true},
		"code":        {code[:], []any{code, &code, struct{ C genuine.Code }{code}, []*genuine.Code{&code}, []genuine.Code{code}}, true},
		"consignment": {s.plan.Secret[:], []any{s.plan, &s.plan, struct{ C genuine.Consignment }{s.plan}, []genuine.Consignment{s.plan}}, true},
		"transaction": {random[:], []any{c.Transaction, &c.Transaction, struct{ U genuine.Transaction }{c.Transaction}, []genuine.Transaction{c.Transaction}}, false},
		"challenge":   {random[:], []any{*c, c, struct{ C genuine.Challenge }{*c}, struct{ C *genuine.Challenge }{c}}, false},
	} {
		shows := leaks(tt.secret)
		for _, v := range tt.values {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "% x", "%q", "%d", "%o", "%b", "%c", "%U", "%t", "%e", "%08.3v"} {
				hidden(t, name+" as "+verb, fmt.Sprintf(verb, v), shows)
			}
			hidden(t, name+" printed", fmt.Sprint(v)+fmt.Errorf("x: %v", v).Error(), shows)
			var text bytes.Buffer
			slog.New(slog.NewTextHandler(&text, nil)).Info("x", "v", v)
			if tt.json {
				slog.New(slog.NewJSONHandler(&text, nil)).Info("x", "v", v)
			}
			hidden(t, name+" logged", text.String(), shows)
		}
	}
	if got := fmt.Sprintf("%+v", s.key.J); got != "[secret]" {
		t.Errorf("a judgment value prints as %s", got)
	}
	if got := fmt.Sprint(c); got != c.Transaction.Item+" [secret]" {
		t.Errorf("a challenge prints as %s", got)
	}
}

func hidden(t *testing.T, where, text string, leaks []string) {
	t.Helper()
	for _, leak := range leaks {
		if strings.Contains(text, leak) {
			t.Errorf("%s: %s", where, text)
			return
		}
	}
}

// The test above would see a leak of each kind.
func TestLeaksAreSeen(t *testing.T) {
	secret := [16]byte{0xa7, 0x31, 0x5c, 0xe2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	raw, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	shows := []string{string(raw)}
	for _, verb := range []string{"%v", "%#v", "%x", "%d", "%o", "%s"} {
		shows = append(shows, fmt.Sprintf(verb, secret), fmt.Sprintf(verb, secret[:]))
	}
	for _, text := range shows {
		found := false
		for _, leak := range leaks(secret[:]) {
			found = found || strings.Contains(text, leak)
		}
		if !found {
			t.Errorf("%s is not seen", text)
		}
	}
}
