package keystore

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// printings returns v, and v inside of other things, in every way in which
// something may get into a log.
func printings(v any) []string {
	type hidden struct{ inner any }
	var out []string
	for _, in := range []any{v, &v, hidden{v}, &hidden{v}, []any{v}, map[string]any{"k": v}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%t"} {
			out = append(out, fmt.Sprintf(verb, in))
		}
		if b, err := json.Marshal(in); err == nil {
			out = append(out, string(b))
		}
		if b, err := xml.Marshal(in); err == nil {
			out = append(out, string(b))
		}
		var buf bytes.Buffer
		slog.New(slog.NewTextHandler(&buf, nil)).Info("m", "k", in)
		slog.New(slog.NewJSONHandler(&buf, nil)).Info("m", "k", in)
		_ = gob.NewEncoder(&buf).Encode(in)
		out = append(out, buf.String())
	}
	return out
}

// checkSilent fails if a printing of v shows the first half of key in any of the
// forms in which Go prints bytes, or a private scalar.
func checkSilent(t *testing.T, v any, key []byte) {
	t.Helper()
	half := key[:len(key)/2]
	if key == nil { // a signer of a token: only its scalar can be looked for
		half = []byte("no key at all")
	}
	numbers := strings.Trim(fmt.Sprint(half), "[]")
	shown := []string{
		string(half), numbers, strings.ReplaceAll(numbers, " ", ","), hex.EncodeToString(half),
		fmt.Sprintf("%X", half), fmt.Sprintf("% x", half), strings.Trim(fmt.Sprintf("%#v", half), "[]byte{}"),
		strings.TrimRight(base64.StdEncoding.EncodeToString(half), "=")[:len(half)],
	}
	for _, got := range printings(v) {
		for _, form := range shown {
			if strings.Contains(got, form) {
				t.Errorf("%T prints its key: %s", v, got)
			}
		}
		// The field in which crypto/ecdsa would print it.
		if strings.Contains(got, "D:") {
			t.Errorf("%T prints a private scalar: %s", v, got)
		}
	}
}

func TestNothingPrintsItsKey(t *testing.T) {
	s, _, passphrase := newStore(t)
	must(s.NewSigningKey("sign"))(t)
	seal := must(s.NewSealKey("seal"))(t)
	if _, err := seal.Bytes(); err == nil {
		t.Error("a seal key gives its bytes away")
	}
	secret := must(s.NewSecret("secret", 32))(t)

	checkSilent(t, secret, secret.Bytes())
	checkSilent(t, struct{ inner Secret }{secret}, secret.Bytes())
	checkSilent(t, struct{ Inner *Secret }{&secret}, secret.Bytes())
	checkSilent(t, passphrase, passphrase.Bytes())
	checkSilent(t, Token{PIN: passphrase}, passphrase.Bytes())
	checkSilent(t, must(s.Signer("sign"))(t), must(s.load("sign", useSign))(t).Key)
	checkSilent(t, seal, must(s.load("seal", useSeal))(t).Key)
	id := []byte(s.identity.String())
	checkSilent(t, s, id[len(id)-32:])
	checkSilent(t, *s, id[len(id)-32:])
}

func TestSecretPrints(t *testing.T) {
	secret := SecretOf([]byte("a secret of size"))
	for got, want := range map[string]string{
		secret.String():                                           "[secret]",
		fmt.Sprintf("%s|%#v", secret, secret):                     "[secret]|[secret]",
		string(must(json.Marshal(struct{ K Secret }{secret}))(t)): `{"K":"[secret]"}`,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSecretIsACopy(t *testing.T) {
	in := []byte("a secret of size")
	s := SecretOf(in)
	in[0] = 'X'
	s.Bytes()[1] = 'X'
	if got := string(s.Bytes()); got != "a secret of size" {
		t.Errorf("Bytes = %q", got)
	}
	if got := (Secret{}).Bytes(); got != nil {
		t.Errorf("the zero Secret has %d bytes", len(got))
	}
}

func TestPassphrases(t *testing.T) {
	a, b := NewPassphrase(), NewPassphrase()
	if bytes.Equal(a.Bytes(), b.Bytes()) || !machineMade(a) {
		t.Error("NewPassphrase repeats itself or is not known again")
	}
	for _, weak := range []string{"", "correct horse", strings.Repeat("a", 43), strings.Repeat("A", 42), strings.Repeat("A", 44)} {
		if machineMade(SecretOf([]byte(weak))) {
			t.Errorf("%q counts as made by a machine", weak)
		}
	}
}

func TestReadPassphrase(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name, in string
		mode     os.FileMode
		want     string
		err      error
	}{
		{"plain", "correct horse", 0o600, "correct horse", nil},
		{"read-only", "correct horse\n", 0o400, "correct horse", nil},
		{"CRLF", "correct horse\r\n", 0o600, "correct horse", nil},
		{"one line break only", " two\n\n", 0o600, " two\n", nil},
		{"empty", "", 0o600, "", ErrPassphrase},
		{"only a line break", "\n", 0o600, "", ErrPassphrase},
		{"too long", strings.Repeat("a", maxPassphrase+1), 0o600, "", ErrPassphrase},
		{"group", "correct horse", 0o640, "", ErrPermissions},
		{"world", "correct horse", 0o604, "", ErrPermissions},
		{"writable by group", "correct horse", 0o620, "", ErrPermissions},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, tt.name)
			if err := errors.Join(os.WriteFile(path, []byte(tt.in), 0o600), os.Chmod(path, tt.mode)); err != nil {
				t.Fatal(err)
			}
			got, err := ReadPassphrase(path)
			if string(got.Bytes()) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("ReadPassphrase = %q, %v, want %q, %v", got.Bytes(), err, tt.want, tt.err)
			}
			if err != nil && strings.Contains(err.Error(), "horse") {
				t.Errorf("the error quotes the file: %v", err)
			}
		})
	}
	if _, err := ReadPassphrase(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ReadPassphrase(none) = %v, want os.ErrNotExist", err)
	}
}
