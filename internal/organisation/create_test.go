package organisation

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/chain"
	"theriac/internal/keystore"
)

// snapshot returns the files of a folder by name.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		out[rel] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameFiles(t testing.TB, want, got map[string]string) {
	t.Helper()
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s changed", name)
		}
	}
}

func checkModes(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Nobody but the owner reads or enters anything of an organisation.
func TestModes(t *testing.T) {
	p := planOf(t, 1, chain.Governor)
	if err := Create(p.Dir, p.Settings, true); err != nil {
		t.Fatal(err)
	}
	checkModes(t, p.Dir)
	if err := p.Settings.Save(p.Dir); err != nil {
		t.Fatal(err)
	}
	k := must(openKeys(p.Dir, &p.Settings))(t)
	must(k.Next())(t)
	if err := k.Turn(); err != nil {
		t.Fatal(err)
	}
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	checkModes(t, p.Dir)
}

// steps are what Create leaves, in its order.
var steps = [][]string{
	{settingsFile},
	{passphraseFile},
	{tokenFile},
	{filepath.Join(nodeFolder, "data", "priv_validator_state.json")},
	{filepath.Join(nodeFolder, "config", "priv_validator_key.json")},
	{filepath.Join(nodeFolder, "config", "node_key.json")},
	{filepath.Join(keysFolder, "identity.age")},
	{filepath.Join(keysFolder, "seal.key.age")},
	{filepath.Join(keysFolder, "packs.key.age")},
	{filepath.Join(keysFolder, "signing-1.key.age")},
	{inUse},
}

func put(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A creation that was interrupted after any step, and in the middle of the next, is
// done by creating again; what was there stays.
func TestCreateGoesOn(t *testing.T) {
	p := planOf(t, 1, chain.Governor)
	if err := Create(p.Dir, p.Settings, true); err != nil {
		t.Fatal(err)
	}
	whole := snapshot(t, p.Dir)
	count := 0
	for _, s := range steps {
		count += len(s)
	}
	if len(whole) != count {
		t.Fatalf("Create left %d files, the test knows %d", len(whole), count)
	}
	for done := range len(steps) + 1 {
		dir := filepath.Join(t.TempDir(), "interrupted")
		before := map[string]string{}
		for _, s := range steps[:done] {
			for _, name := range s {
				put(t, filepath.Join(dir, name), whole[name])
				before[name] = whole[name]
			}
		}
		if done < len(steps) && !strings.Contains(steps[done][0], string(filepath.Separator)) {
			put(t, filepath.Join(dir, steps[done][0]+".new"), "ha")
		}
		if err := Create(dir, p.Settings, true); err != nil {
			t.Errorf("after %d steps: %v", done, err)
			continue
		}
		after := snapshot(t, dir)
		sameFiles(t, before, after)
		if len(after) != count {
			t.Errorf("after %d steps: %d files, want %d", done, len(after), count)
		}
		checkModes(t, dir)
		k := must(openKeys(dir, &p.Settings))(t)
		must(k.Signer())(t)
		must(k.SealKey())(t)
		must(k.Secret())(t)
		if err := k.close(); err != nil {
			t.Error(err)
		}
		if token := must(Token(dir))(t); len(token) != 43 {
			t.Errorf("after %d steps: a token of %d bytes", done, len(token))
		}
	}
}

// Keys of one organisation never come to stand under the name of another.
func TestCreateInAnothersFolder(t *testing.T) {
	p, q := planOf(t, 1, chain.Governor), planOf(t, 2, chain.Governor)
	if err := Create(p.Dir, p.Settings, false); err != nil {
		t.Fatal(err)
	}
	if err := Create(p.Dir, q.Settings, false); err == nil {
		t.Error("Create took the folder of another organisation")
	}
}

// A file that once writes never appears half, nor is it written again; a crash
// after the link leaves two names of one file, and the next writer parts them.
func TestOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	for _, content := range []string{"first", "second"} {
		if err := once(name, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(name, name+".new"); err != nil {
		t.Fatal(err)
	}
	if fresh := must(stage(name, []byte("third")))(t); fresh != name+".new" {
		t.Errorf("staged at %s", fresh)
	}
	if got := must(os.ReadFile(name))(t); string(got) != "first" {
		t.Errorf("content %q, want that of the first", got)
	}
	if err := replace(name, []byte("fourth")); err != nil {
		t.Fatal(err)
	}
	if got := must(os.ReadFile(name))(t); string(got) != "fourth" {
		t.Errorf("content %q, want the last", got)
	}
	if _, err := os.Lstat(name + ".new"); err == nil {
		t.Error("left over")
	}
}

func TestToken(t *testing.T) {
	for content, want := range map[string]string{"abc": "abc", "abc\n": "abc", "abc\r\n": "abc", "": "", "\n": ""} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, tokenFile), content)
		got, err := Token(dir)
		if (err == nil) != (want != "") || !bytes.Equal(got, []byte(want)) {
			t.Errorf("Token of %q = %q, %v", content, got, err)
		}
	}
	if _, err := Token(t.TempDir()); err == nil {
		t.Error("Token of no file")
	}
	if keystore.NewPassphrase().String() != "[secret]" {
		t.Error("a fresh token prints")
	}
}
