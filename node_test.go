package theriac_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"theriac"
)

// node returns the program, or skips: loudly, and in CI not at all.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("node is missing: the independent verifier was not run")
	}
	t.Skip("SKIPPED: node is missing, so testdata/verify.mjs verified nothing")
	return ""
}

// Attack 000-18: who has public keys, the bundle and docs/formats.md only, and
// none of our code, comes to the same verdict on every golden bundle.
func TestIndependentVerifier(t *testing.T) {
	out, err := exec.Command(node(t), "testdata/verify.mjs", "--index", bundles).Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			t.Fatalf("%v: %s", err, failed.Stderr)
		}
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	entries := readIndex(t)
	if len(lines) != len(entries) {
		t.Fatalf("%d verdicts on %d bundles", len(lines), len(entries))
	}
	for i, e := range entries {
		f := strings.Split(lines[i], "\t")
		if len(f) != 3 || f[0] != e.Bundle || theriac.Outcome(f[1]) != e.Verdict {
			t.Errorf("verify.mjs: %q, want %s %s", lines[i], e.Bundle, e.Verdict)
		}
	}
}

// Nor does it take evidence of which one byte was changed.
func TestIndependentVerifierOnAltered(t *testing.T) {
	program, dir := node(t), t.TempDir()
	genuine := readIndex(t)[0]
	raw, trust := readGolden(t, genuine)
	pinned, err := trust.Encode()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"trust.json": pinned}
	var index []entry
	for i := 0; i < len(raw); i += 211 {
		e := genuine
		e.Bundle = fmt.Sprintf("%d.json", i)
		files[e.Bundle] = altered(raw, i)
		index = append(index, e)
	}
	if files["index.json"], err = json.Marshal(index); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(program, "testdata/verify.mjs", "--index", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(out), "\n"); lines != len(index) {
		t.Errorf("%d verdicts on %d bundles", lines, len(index))
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(line, "\t")
		if outcome := theriac.Outcome(f[1]); outcome != theriac.Refused && outcome != unreadable {
			t.Errorf("byte %s changed: %s", strings.TrimSuffix(f[0], ".json"), outcome)
		}
	}
}

// As a program it speaks as theriac verify does.
func TestIndependentVerifierExitStatus(t *testing.T) {
	program := node(t)
	for bundle, want := range map[string]int{"genuine": 0, "half-signed": 1, "unreadable-space": 2, "too-old": 3, "captured": 3} {
		for _, e := range readIndex(t) {
			if e.Bundle != bundle+".json" {
				continue
			}
			cmd := exec.Command(program, "testdata/verify.mjs",
				filepath.Join(bundles, e.Trust), filepath.Join(bundles, e.Bundle), e.Now.Format(time.RFC3339))
			out, err := cmd.Output()
			if got := cmd.ProcessState.ExitCode(); got != want || !strings.HasPrefix(string(out), string(e.Verdict)) {
				t.Errorf("%s: exit %d, %s (%v), want %d, %s", bundle, got, out, err, want, e.Verdict)
			}
		}
	}
}
