/*
 * steady.c - sends messages at a steady rate over kept connections, until
 * SIGTERM; then it ends what is under way and prints what was taken.
 *
 * Each message is MAIL+RCPT+DATA in one write, then the message itself, as
 * mail servers do (RFC 2920).  A connection has one message under way; the one
 * that has been idle for longest takes the next.  In C because what the client
 * costs is taken from the server that is measured on the same cores: 10 us a
 * message where a client on Node costs 100.
 *
 * Build:  cc -O2 -Wall -o steady steady.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { GREETING, HELLO, IDLE, ENVELOPE, MESSAGE };

struct conn {
  int fd, state, replies;              /* replies: those still to come in this state */
  char in[4096]; size_t inlen;
};

static int port = 2525, nc = 50, rate = 1000, size = 4096;
static const char *from = "", *to = "postmaster@localhost";
static int ep, *idle, first, waiting, open_;
static long sent, taken, refused;
static char envelope[1024], *message; static size_t elen, mlen;
static volatile sig_atomic_t stopping;

static void stop(int sig) { (void)sig; stopping = 1; }
static double mono(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static void die(const char *what) { perror(what); exit(1); }

/* Small enough for any socket buffer: one message is under way. */
static void say(struct conn *c, const char *p, size_t n)
{
  while (n > 0) {
    ssize_t r = send(c->fd, p, n, MSG_NOSIGNAL);
    if (r < 0) { if (errno == EINTR) continue; die("send"); }
    p += r; n -= r;
  }
}

static void expect(struct conn *c, int state, int replies) { c->state = state; c->replies = replies; }

static void begin(struct conn *c)
{
  say(c, envelope, elen);
  expect(c, ENVELOPE, 3);
  sent++;
}

static void rest(struct conn *c, struct conn *all)
{
  c->state = IDLE;
  idle[(first + waiting++) % nc] = (int)(c - all);
}

/* A reply has come whole: `code` of its last line. */
static void heard(struct conn *c, int code, struct conn *all)
{
  if (--c->replies > 0) { if (code >= 400) refused++; return; }
  switch (c->state) {
  case GREETING: say(c, "EHLO client.example\r\n", 21); expect(c, HELLO, 1); break;
  case HELLO: rest(c, all); break;
  case ENVELOPE:
    if (code != 354) { refused++; rest(c, all); break; }
    say(c, message, mlen); expect(c, MESSAGE, 1); break;
  case MESSAGE: if (code == 250) taken++; else refused++; rest(c, all); break;
  default: break;
  }
}

static void hear(struct conn *c, struct conn *all)
{
  ssize_t r = recv(c->fd, c->in + c->inlen, sizeof c->in - c->inlen, 0);
  if (r <= 0) { fprintf(stderr, "the server has closed a connection\n"); exit(1); }
  c->inlen += r;
  char *at = c->in, *end;
  while ((end = memchr(at, '\n', c->in + c->inlen - at))) {
    if (end - at >= 4 && at[3] != '-') heard(c, atoi(at), all);
    at = end + 1;
  }
  c->inlen -= at - c->in;
  memmove(c->in, at, c->inlen);
}

static void compose(void)
{
  static const char head[] = "From: MAILER-DAEMON@example.com\r\nSubject: failure notice\r\n\r\n";
  elen = snprintf(envelope, sizeof envelope, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", from, to);
  if (elen >= sizeof envelope || !(message = malloc(size + 256))) abort();
  mlen = sprintf(message, "%s", head);
  while (mlen + 72 < (size_t)size) { memset(message + mlen, 'x', 70); memcpy(message + mlen + 70, "\r\n", 2); mlen += 72; }
  memcpy(message + mlen, ".\r\n", 3); mlen += 3;
}

static void dial(struct conn *c)
{
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
  int one = 1;
  if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0) die("connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) < 0) die("epoll_ctl");
  expect(c, GREETING, 1);
  open_++;
}

int main(int argc, char **argv)
{
  static const struct option lo[] = {{"port",1,0,'p'},{"conns",1,0,'c'},{"rate",1,0,'r'},{"size",1,0,'s'},{"from",1,0,'f'},{"to",1,0,'t'},{0,0,0,0}};
  int o;
  while ((o = getopt_long(argc, argv, "", lo, 0)) != -1) switch (o) {
    case 'p': port = atoi(optarg); break; case 'c': nc = atoi(optarg); break;
    case 'r': rate = atoi(optarg); break; case 's': size = atoi(optarg); break;
    case 'f': from = optarg; break; case 't': to = optarg; break;
    default: fprintf(stderr, "usage: steady --port N --conns N --rate N --size N --from A --to A\n"); return 2;
  }
  signal(SIGTERM, stop);
  compose();
  ep = epoll_create1(0);
  struct conn *all = calloc(nc, sizeof *all);
  idle = calloc(nc, sizeof *idle);
  if (ep < 0 || !all || !idle) die("start");
  for (int i = 0; i < nc; i++) dial(&all[i]);
  const double began = mono();
  double seconds = 0;
  while (!stopping || waiting < open_) {
    if (stopping && seconds == 0) seconds = mono() - began;
    const double now = mono();
    while (!stopping && waiting > 0 && sent < (now - began) * rate) {
      struct conn *c = &all[idle[first]];
      first = (first + 1) % nc; waiting--;
      begin(c);
    }
    double next = stopping || waiting == 0 ? 0.1 : began + (sent + 1.0) / rate - now;
    if (next > 0.1) next = 0.1;
    const struct timespec t = { 0, next > 0 ? (long)(next * 1e9) : 0 };
    struct epoll_event evs[64];
    const int n = epoll_pwait2(ep, evs, 64, &t, 0);
    if (n < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < n; i++) hear(evs[i].data.ptr, all);
  }
  if (seconds == 0) seconds = mono() - began;
  for (int i = 0; i < nc; i++) say(&all[i], "QUIT\r\n", 6);
  struct rusage ru; getrusage(RUSAGE_SELF, &ru);
  printf("{\"taken\":%ld,\"refused\":%ld,\"seconds\":%.3f,\"cpu_user_s\":%.3f,\"cpu_sys_s\":%.3f}\n", taken, refused, seconds,
    ru.ru_utime.tv_sec + ru.ru_utime.tv_usec / 1e6, ru.ru_stime.tv_sec + ru.ru_stime.tv_usec / 1e6);
  return 0;
}
