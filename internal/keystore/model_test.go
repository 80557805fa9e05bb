package keystore

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
)

// The store behaves like a map from full name to key, whatever the order of
// calls and however often it is opened again.
func TestStoreAgainstModel(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(dir, "keys")
		passphrase := NewPassphrase()
		s, err := Create(dir, passphrase, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { s.Close() }()
		model := map[string]record{}
		current := rapid.SampledFrom([]string{"a", "b", "a-b"})
		full := rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom(append(slices.Sorted(maps.Keys(model)), "a", "b", "a-b")).Draw(t, "name")
		})
		t.Repeat(map[string]func(*rapid.T){
			"create": func(t *rapid.T) {
				name, u := current.Draw(t, "name"), rapid.SampledFrom([]use{useSign, useSeal, useSecret}).Draw(t, "use")
				r, err := s.create(name, u, 32)
				if _, taken := model[name]; taken != errors.Is(err, ErrExists) || !taken && err != nil {
					t.Fatalf("create(%s) = %v, taken: %t", name, err, taken)
				}
				if err == nil {
					model[name] = r
				}
			},
			"rotate": func(t *rapid.T) {
				name := current.Draw(t, "name")
				retired, err := s.Rotate(name)
				old, there := model[name]
				if there == errors.Is(err, ErrMissing) || there && err != nil {
					t.Fatalf("Rotate(%s) = %v, there: %t", name, err, there)
				}
				if err != nil {
					return
				}
				fresh, err := s.load(name, old.Use)
				if err != nil || bytes.Equal(fresh.Key, old.Key) {
					t.Fatalf("after Rotate(%s): %v, or the same key", name, err)
				}
				model[retired], model[name] = old, fresh
			},
			"remove": func(t *rapid.T) {
				name := full.Draw(t, "name")
				err := s.Remove(name)
				if _, there := model[name]; there == errors.Is(err, ErrMissing) || there && err != nil {
					t.Fatalf("Remove(%s) = %v, there: %t", name, err, there)
				}
				delete(model, name)
			},
			"open again": func(t *rapid.T) {
				s.Close()
				if s, err = Open(dir, passphrase); err != nil {
					t.Fatal(err)
				}
				for name, want := range model {
					r, err := s.load(name, want.Use)
					if err != nil || !bytes.Equal(r.Key, want.Key) {
						t.Fatalf("load(%s) = %v, or another key", name, err)
					}
				}
			},
			"": func(t *rapid.T) {
				names, err := s.Names()
				if err != nil || !slices.Equal(names, slices.Sorted(maps.Keys(model))) {
					t.Fatalf("Names = %q, %v", names, err)
				}
			},
		})
	})
}

func FuzzParseRecord(f *testing.F) {
	for _, u := range []use{useSign, useSeal, useSecret} {
		r := must(newRecord("org", u, scalarSize))(f)
		raw := must(r.encode())(f)
		f.Add(raw)
		f.Add(append(raw, 0))
		for _, bad := range []record{{Name: "Org", Use: u, Key: r.Key}, {Name: "org", Use: u}, {Name: "org", Use: "x", Key: r.Key}} {
			f.Add(must(bad.encode())(f))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseRecord(raw)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("parseRecord = %v, want ErrDamaged", err)
			}
			return
		}
		if again := must(r.encode())(t); !bytes.Equal(again, raw) {
			t.Fatalf("%x encodes as %x", raw, again)
		}
		if err := checkName(r.Name); err != nil {
			t.Fatal(err)
		}
		var made error
		switch r.Use {
		case useSign:
			_, made = r.signer()
		case useSeal:
			_, made = r.sealKey()
		case useSecret:
		default:
			t.Fatalf("use %q", r.Use)
		}
		if made != nil || r.kid.IsZero() {
			t.Fatalf("%s key: %v", r.Use, made)
		}
	})
}

// What splitName lets through is one file in the folder, whatever the name.
func FuzzSplitName(f *testing.F) {
	for _, s := range []string{"", "org", "org@", "org@" + canon.Sum(nil).String(), "../org", "org@../x", "a@b@c", "org\x00", "org\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, full string) {
		name, kid, err := splitName(full)
		if err != nil {
			if !errors.Is(err, ErrName) {
				t.Fatalf("splitName(%q) = %v, want ErrName", full, err)
			}
			return
		}
		again := name
		if kid != "" {
			again += "@" + kid
		}
		if file := full + keySuffix; again != full || filepath.Base(file) != file || !filepath.IsLocal(file) {
			t.Fatalf("splitName(%q) = %q, %q", full, name, kid)
		}
	})
}
