// Collects `show running-config` from many devices with scrapligo and so many goroutines: a peer of `npm run bench -- collect`.
//
// Reads {"threads", "knownHosts", "devices": [{"host", "port", "username", "password"}]} from standard input; prints one JSON document.
// Host keys are checked against the given known_hosts file, as ours are against the pinned ones.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/platform"
	"github.com/scrapli/scrapligo/transport"
)

type device struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Username string `json:"username"`
	Password string `json:"password"`
}

type job struct {
	Threads    int      `json:"threads"`
	KnownHosts string   `json:"knownHosts"`
	Devices    []device `json:"devices"`
}

func collect(d device, knownHosts string) (int, error) {
	p, err := platform.NewPlatform(
		"cisco_iosxe",
		d.Host,
		options.WithPort(d.Port),
		options.WithAuthUsername(d.Username),
		options.WithAuthPassword(d.Password),
		options.WithAuthSecondary(d.Password),
		options.WithSSHKnownHostsFile(knownHosts),
		options.WithTransportType(transport.StandardTransport),
		options.WithTimeoutOps(120*time.Second),
		options.WithTimeoutSocket(60*time.Second),
	)
	if err != nil {
		return 0, err
	}
	driver, err := p.GetNetworkDriver()
	if err != nil {
		return 0, err
	}
	if err = driver.Open(); err != nil {
		return 0, err
	}
	defer driver.Close()
	answer, err := driver.SendCommand("show running-config")
	if err != nil {
		return 0, err
	}
	if answer.Failed != nil {
		return 0, answer.Failed
	}
	return len(answer.Result), nil
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dependency := range info.Deps {
		if dependency.Path == "github.com/scrapli/scrapligo" {
			return dependency.Version
		}
	}
	return "unknown"
}

func main() {
	var given job
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	started := time.Now()
	queue := make(chan device)
	var done sync.WaitGroup
	var collected, bytes atomic.Int64
	var first atomic.Value
	for range given.Threads {
		done.Add(1)
		go func() {
			defer done.Done()
			for d := range queue {
				size, err := collect(d, given.KnownHosts)
				if err != nil {
					first.CompareAndSwap(nil, err.Error())
					continue
				}
				collected.Add(1)
				bytes.Add(int64(size))
			}
		}()
	}
	for _, d := range given.Devices {
		queue <- d
	}
	close(queue)
	done.Wait()
	seconds := time.Since(started).Seconds()
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"peer": "scrapligo", "version": version(), "threads": given.Threads, "devices": len(given.Devices),
		"collected": collected.Load(), "bytes": bytes.Load(), "seconds": seconds,
		"peakMiB": float64(usage.Maxrss) / 1024, "firstFailure": first.Load(),
	})
}
