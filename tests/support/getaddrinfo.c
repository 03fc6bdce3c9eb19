/* Prints the addresses of a name as getaddrinfo has them, or the error it has instead. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

int main(int count, char **words) {
  struct addrinfo asked = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  char text[INET6_ADDRSTRLEN];
  int code = count == 2 ? getaddrinfo(words[1], NULL, &asked, &found) : EAI_SYSTEM;
  if (code == EAI_NONAME) {
    puts("EAI_NONAME");
  } else if (code == EAI_AGAIN) {
    puts("EAI_AGAIN");
  } else if (code) {
    printf("%s\n", gai_strerror(code));
  }
  for (struct addrinfo *one = code ? NULL : found; one; one = one->ai_next) {
    void *address = one->ai_family == AF_INET
      ? (void *)&((struct sockaddr_in *)one->ai_addr)->sin_addr
      : (void *)&((struct sockaddr_in6 *)one->ai_addr)->sin6_addr;
    puts(inet_ntop(one->ai_family, address, text, sizeof text));
  }
  return 0;
}
