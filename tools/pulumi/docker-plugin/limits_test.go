package main

import "testing"

func TestCPUsAreReadAndWrittenExactly(t *testing.T) {
	for cpus, nano := range map[string]int64{"": 0, "1.5": 1_500_000_000, "0.1": 100_000_000, "2": 2_000_000_000} {
		got, err := nanoCPUs(cpus)
		if err != nil || got != nano {
			t.Errorf("nanoCPUs(%q) = %d, %v; want %d", cpus, got, err, nano)
		}
		if formatCPUs(nano) != cpus {
			t.Errorf("formatCPUs(%d) = %q; want %q", nano, formatCPUs(nano), cpus)
		}
	}
}

func TestWhatIsNoNumberOfCPUsIsRefused(t *testing.T) {
	for _, cpus := range []string{"half", "0", "-1", "0.0000000001"} {
		if _, err := nanoCPUs(cpus); err == nil {
			t.Errorf("nanoCPUs(%q) was taken", cpus)
		}
	}
}

func TestSpellingOfCPUsIsNoChange(t *testing.T) {
	if !sameCPUs("", "2", "2.0", nil) || sameCPUs("", "2", "2.5", nil) || sameCPUs("", "2", "two", nil) {
		t.Error("2 and 2.0 are the same, 2.5 and nonsense are not")
	}
}
