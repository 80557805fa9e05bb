package main

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/envelope"
)

// Attack code-08: follow a user over his packs. Each pack has another key, and the user
// has it again the next time; of many first calls at once all get the same.
func TestBrowserKeys(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	pack := api.Redeemable{Chain: "a", Batch: canon.Sum(nil), Index: 7}
	keys := make([][]byte, 16)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			key, err := browserKey(&pack)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	group.Wait()
	for _, key := range keys {
		if _, err := envelope.ParseKey(key); err != nil || !bytes.Equal(key, keys[0]) {
			t.Fatalf("%x, %v, want %x", key, err, keys[0])
		}
	}
	for _, other := range []api.Redeemable{
		{Chain: "b", Batch: pack.Batch, Index: 7}, {Chain: "a", Batch: canon.Sum([]byte("x")), Index: 7}, {Chain: "a", Batch: pack.Batch, Index: 8},
	} {
		if key, err := browserKey(&other); err != nil || bytes.Equal(key, keys[0]) {
			t.Errorf("%+v has %x, %v", other, key, err)
		}
	}
	files, err := os.ReadDir(filepath.Join(dir, "theriac"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	info, err := files[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	seed := filepath.Join(dir, "theriac", "redeem.seed")
	if err := os.WriteFile(seed, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := browserKey(&pack); err == nil {
		t.Errorf("from a damaged seed: %x", key)
	}
}
