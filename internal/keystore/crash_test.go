package keystore

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The test binary is also the other process of the tests below: it runs the job
// that this variable names on the store that the next two name.
const (
	jobVar        = "KEYSTORE_JOB"
	dirVar        = "KEYSTORE_DIR"
	passphraseVar = "KEYSTORE_PASSPHRASE"
)

func TestMain(m *testing.M) {
	if job := os.Getenv(jobVar); job != "" {
		if err := runJob(job); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	// Every step of the model flushes files to the disk: a quarter of the usual
	// number of checks, unless the command line asks for more.
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func runJob(job string) error {
	dir, passphrase := os.Getenv(dirVar), SecretOf([]byte(os.Getenv(passphraseVar)))
	if job == "create store" {
		_, err := Create(dir, passphrase, 0)
		return err
	}
	s, err := Open(dir, passphrase)
	if err != nil {
		return err
	}
	switch job {
	case "create":
		_, err = s.NewSigningKey("raced")
		return err
	case "rotate":
		for {
			retired, err := s.Rotate("org")
			if err != nil {
				return err
			}
			fmt.Println(retired)
		}
	}
	return errors.New("no such job")
}

func otherProcess(t *testing.T, job, dir string, passphrase Secret) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(must(os.Executable())(t))
	cmd.Env = append(os.Environ(), jobVar+"="+job, dirVar+"="+dir, passphraseVar+"="+string(passphrase.Bytes()))
	cmd.Stderr = os.Stderr
	return cmd
}

func TestOneProcessWins(t *testing.T) {
	_, dir, passphrase := newStore(t)
	for job, dir := range map[string]string{
		"create":       dir,
		"create store": filepath.Join(t.TempDir(), "keys"),
	} {
		var mu sync.Mutex
		var wg sync.WaitGroup
		won := 0
		for range 8 {
			cmd := otherProcess(t, job, dir, passphrase)
			wg.Go(func() {
				out, err := cmd.Output()
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !strings.Contains(string(out), ErrExists.Error()) {
					t.Errorf("%s: %v: %s", job, err, out)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("%s: %d processes won, want 1", job, won)
		}
	}
	must(reopen(t, dir, passphrase).Signer("raced"))(t)
}

// A process is killed while it rotates, again and again. Whatever moment that
// hits, the key has its name and all old ones open.
func TestKilledWhileRotating(t *testing.T) {
	s, dir, passphrase := newStore(t)
	seen := []string{"org@" + keyID(t, must(s.NewSigningKey("org"))(t)).String()}
	for round := range 8 {
		cmd := otherProcess(t, "rotate", dir, passphrase)
		out := must(cmd.StdoutPipe())(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for i := 0; i <= round && lines.Scan(); i++ {
			seen = append(seen, lines.Text())
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			seen = append(seen, lines.Text())
		}
		_ = cmd.Wait() // it was killed
		seen = append(seen, "org@"+keyID(t, must(s.Signer("org"))(t)).String())
		checkInvariants(t, s)
	}
	current := seen[len(seen)-1]
	names := must(s.Names())(t)
	for _, name := range seen {
		if !slices.Contains(names, name) && name != current {
			t.Errorf("lost %s", name)
		}
	}
	must(s.Rotate("org"))(t)
	checkNoLeftovers(t, s)
	checkInvariants(t, s)
}

// checkInvariants opens every key under its name.
func checkInvariants(t testing.TB, s *Store) {
	t.Helper()
	for _, name := range must(s.Names())(t) {
		if _, err := s.load(name, ""); err != nil {
			t.Errorf("%s does not open: %v", name, err)
		}
	}
}

func checkNoLeftovers(t testing.TB, s *Store) {
	t.Helper()
	for _, file := range must(s.folder.list())(t) {
		if strings.HasPrefix(file, tmpPrefix) {
			t.Errorf("%s is left over", file)
		}
	}
}

// The states in which a rotation can be interrupted, made by hand. From each the
// store opens, rotates, and removes without a trace.
func TestInterruptedRotation(t *testing.T) {
	staged := func(t *testing.T, s *Store, old record) {
		must(s.folder.stage(must(s.seal(must(newRecord("org", old.Use, len(old.Key)))(t)))(t)))(t)
	}
	half := func(t *testing.T, s *Store, _ record) {
		must(s.folder.stage([]byte("age-encryption.org/v1\n-> mlkem")))(t)
	}
	linked := func(t *testing.T, s *Store, old record) {
		if err := s.folder.link("org"+keySuffix, "org@"+old.kid.String()+keySuffix); err != nil {
			t.Fatal(err)
		}
	}
	copied := func(t *testing.T, s *Store, old record) { // by a backup without hard links
		raw := must(s.folder.read("org" + keySuffix))(t)
		writeFile(t, filepath.Join(s.folder.root.Name(), "org@"+old.kid.String()+keySuffix), raw)
	}
	type step = func(*testing.T, *Store, record)
	for name, steps := range map[string][]step{
		"temporary file half written": {half},
		"temporary file written":      {staged},
		"old key linked":              {staged, linked},
		"linked, temporary file lost": {linked},
		"restored from a backup":      {staged, copied},
	} {
		interrupt := func(t *testing.T) (s *Store, old record) {
			s, dir, passphrase := newStore(t)
			must(s.NewSecret("org", 32))(t)
			old = must(s.load("org", useSecret))(t)
			for _, do := range steps {
				do(t, s, old)
			}
			s = reopen(t, dir, passphrase)
			if got := must(s.Secret("org"))(t); !bytes.Equal(got.Bytes(), old.Key) {
				t.Error("the key changed before the rotation was done")
			}
			checkInvariants(t, s)
			return s, old
		}
		t.Run(name+", then Rotate", func(t *testing.T) {
			s, old := interrupt(t)
			retired := must(s.Rotate("org"))(t)
			if got := must(s.Secret(retired))(t); !bytes.Equal(got.Bytes(), old.Key) {
				t.Error("the old key is lost")
			}
			if got := must(s.Secret("org"))(t); bytes.Equal(got.Bytes(), old.Key) {
				t.Error("the key was not rotated")
			}
			if names := must(s.Names())(t); len(names) != 2 {
				t.Errorf("Names = %q, want two", names)
			}
			checkNoLeftovers(t, s)
		})
		t.Run(name+", then Remove", func(t *testing.T) {
			s, _ := interrupt(t)
			if err := s.Remove("org"); err != nil {
				t.Fatal(err)
			}
			if files := must(s.folder.list())(t); len(files) != 1 {
				t.Errorf("the folder still holds %q", files)
			}
		})
	}
}

// Rotations that run at the same time follow each other: no key gets lost
// between two of them.
func TestConcurrentRotationsLoseNoKey(t *testing.T) {
	s, dir, passphrase := newStore(t)
	must(s.NewSealKey("seal"))(t)
	const workers, each = 4, 5
	names := make(chan string, workers*each)
	var wg sync.WaitGroup
	for range workers {
		mine := reopen(t, dir, passphrase)
		wg.Go(func() {
			for range each {
				retired, err := mine.Rotate("seal")
				if err != nil {
					t.Error(err)
				}
				names <- retired
			}
		})
	}
	wg.Wait()
	close(names)
	distinct := map[string]bool{}
	for name := range names {
		distinct[name] = true
	}
	if len(distinct) != workers*each {
		t.Errorf("%d keys retired, want %d", len(distinct), workers*each)
	}
	if got := len(must(s.Names())(t)); got != workers*each+1 {
		t.Errorf("%d names, want %d", got, workers*each+1)
	}
	checkInvariants(t, s)
}
